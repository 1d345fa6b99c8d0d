package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.batch.DecoderBatch;
import io.github.sparkfinetune.core.model.batch.KeyValueCache;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.tensor.Device;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Texts that a decoder continues together, one token of each text at a time. Prompts are computed whole and packed;
 * later tokens use a cache of keys and values. A text's logits equal its logits without the other texts, within
 * rounding. Decoding applies no dropout and records no graph. Not for concurrent use.
 */
public final class Decoding implements AutoCloseable {
    private final Decoder model;
    private final NDManager manager;
    private final Device device;
    private final KeyValueCache cache;
    private NDArray logits;

    /**
     * Computes the prompts.
     *
     * @param parent parent of the manager that owns the cache
     * @param prompts token ids; each prompt has 1 to {@link Decoder#maxLength} tokens
     * @param room number of tokens of each text by which the cache grows
     */
    public Decoding(NDManager parent, Decoder model, List<int[]> prompts, int room) {
        int[] lengths = prompts.stream().mapToInt(prompt -> prompt.length).toArray();
        for (int length : lengths) {
            requireLength(length, model.maxLength());
        }
        this.model = model;
        this.manager = parent.newSubManager();
        this.device = Device.of(manager);
        try {
            this.cache = new KeyValueCache(manager, model.script(), model.shape(), model.layerInputs(), lengths, room);
            try (NDManager owner = manager.newSubManager()) {
                Batch batch = new DecoderBatch(owner, model.layerInputs()).ofPrompts(prompts);
                this.logits = compute(
                        owner,
                        batch,
                        call -> call.run(
                                owner,
                                "prompt_layer",
                                cache.tensors(call.block().layer(), Optional.empty()),
                                cache.end()));
            }
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /** Returns the logits of the next token of each text, [texts, vocabulary]; valid until the next call. */
    public FloatBuffer logits() {
        return device.read(logits).asFloatBuffer();
    }

    /**
     * Appends a token to each text.
     *
     * @param tokens one token per text
     */
    public void append(int[] tokens) {
        if (tokens.length != cache.size()) {
            throw new IllegalArgumentException(tokens.length + " tokens, but there are " + cache.size() + " texts");
        }
        cache.extend();
        long[] positions = cache.positions();
        for (long position : positions) {
            requireLength((int) position + 1, model.maxLength());
        }
        logits.close();
        try (NDManager owner = manager.newSubManager()) {
            Batch batch = new DecoderBatch(owner, model.layerInputs()).ofTokens(tokens, positions);
            Map<Integer, Optional<NDArray>> biases = new HashMap<>();
            logits = compute(owner, batch, call -> {
                int number = call.block().layer();
                int begin = cache.begin(number);
                Optional<NDArray> bias = biases.computeIfAbsent(begin, first -> cache.bias(owner, first));
                return call.run(owner, "token_layer", cache.tensors(number, bias), begin, cache.end());
            });
        }
    }

    /**
     * Keeps some of the texts and drops the complete texts. The next {@link #append} returns logits of the kept texts.
     *
     * @param texts indices of the kept texts, not empty, in their new order
     */
    public void keep(int[] texts) {
        cache.keep(texts);
    }

    private NDArray compute(NDManager owner, Batch batch, Function<BlockCall, NDArray> layer) {
        NDArray x = model.lookup(owner, batch);
        for (Block block : model.blocks()) {
            BlockCall call = model.call(owner, block, x, batch, DropoutMasks.none());
            NDArray y = block.kind() == BlockKind.LAYER ? layer.apply(call) : model.forward(owner, call);
            x.close();
            x = y;
        }
        return model.logits(manager, x);
    }

    private static void requireLength(int length, int longest) {
        if (length < 1 || length > longest) {
            throw new IllegalArgumentException("a text has " + length + " tokens, the model takes 1 to " + longest);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
