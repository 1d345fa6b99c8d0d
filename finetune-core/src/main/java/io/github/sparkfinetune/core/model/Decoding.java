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
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Texts that a decoder continues together. Each text has a slot; a complete text's slot can take another prompt.
 * Prompts are computed whole and packed; later tokens use a cache of keys and values. A text's logits equal its logits
 * without the other texts, within rounding. Decoding applies no dropout and records no graph. Not for concurrent use.
 */
public final class Decoding implements AutoCloseable {
    private final Decoder model;
    private final NDManager manager;
    private final Device device;
    private final KeyValueCache cache;
    private final int room;
    private int[] prefix = {};
    /** Keys and values of the prefix. */
    private KeyValueCache shared;

    private NDArray logits;

    /**
     * Creates empty slots.
     *
     * @param parent parent of the manager that owns the cache
     * @param slots number of texts
     * @param room number of tokens of each text by which the cache grows
     */
    public Decoding(NDManager parent, Decoder model, int slots, int room) {
        this.model = model;
        this.manager = parent.newSubManager();
        this.device = Device.of(manager);
        this.room = room;
        this.cache = newCache(slots, 0);
    }

    private KeyValueCache newCache(int slots, int length) {
        return new KeyValueCache(manager, model.script(), model.shape(), model.layerInputs(), slots, length, room);
    }

    /**
     * Computes the tokens with which all prompts begin, once for all of them. Called at most once, before the first
     * prompt.
     *
     * @param tokens token ids, fewer than those of any prompt
     */
    public void share(int[] tokens) {
        shared = newCache(1, 0);
        prefix = tokens.clone();
        prompts(shared, new int[] {0}, List.of(tokens));
    }

    /**
     * Computes prompts, which replace the texts of some slots.
     *
     * @param prompts token ids; each prompt has 1 to {@link Decoder#maxLength} tokens
     * @return logits of the next token of each prompt, [prompts, vocabulary]; valid until the next call
     */
    public FloatBuffer start(int[] slots, List<int[]> prompts) {
        prompts.forEach(prompt -> requireLength(prompt.length, model.maxLength()));
        if (shared == null) {
            return prompts(cache, slots, prompts);
        }
        int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
        int tokens = Math.min(
                Batch.roundedUp(longest - prefix.length, model.matmul().rows()), model.maxLength() - prefix.length);
        try (KeyValueCache rest = newCache(slots.length, prefix.length + tokens)) {
            int[][] own = new int[slots.length][];
            int[] last = new int[slots.length];
            for (int i = 0; i < slots.length; i++) {
                rest.copy(shared, 0, i);
                int[] prompt = prompts.get(i);
                own[i] = Arrays.copyOfRange(prompt, prefix.length, prefix.length + tokens);
                last[i] = i * tokens + prompt.length - prefix.length - 1;
            }
            FloatBuffer next = append(rest, own, last);
            for (int i = 0; i < slots.length; i++) {
                rest.setLength(i, prompts.get(i).length);
                cache.copy(rest, i, slots[i]);
            }
            return next;
        }
    }

    private FloatBuffer prompts(KeyValueCache target, int[] slots, List<int[]> prompts) {
        long[] all = Arrays.stream(slots).asLongStream().toArray();
        int multiple = model.matmul().rows();
        target.reserve(prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow() + multiple - 1);
        try (NDManager owner = manager.newSubManager()) {
            Batch batch = new DecoderBatch(owner, model.layerInputs()).ofPrompts(prompts, multiple);
            NDArray hidden = compute(
                    owner,
                    batch,
                    call -> call.run(
                            owner, "prompt_layer", target.tensors(call.block().layer()), all));
            for (int i = 0; i < slots.length; i++) {
                target.setLength(slots[i], prompts.get(i).length);
            }
            return logits(hidden);
        }
    }

    /**
     * Appends tokens to the text of every slot.
     *
     * @param tokens tokens of each text, equally many
     * @return logits after each token, [texts, tokens, vocabulary]; valid until the next call
     */
    public FloatBuffer append(int[][] tokens) {
        int count = tokens[0].length;
        for (int slot = 0; slot < tokens.length; slot++) {
            requireLength(cache.length(slot) + count, model.maxLength());
        }
        return append(cache, tokens, IntStream.range(0, tokens.length * count).toArray());
    }

    /** @param indices indices of the tokens whose logits are returned */
    private FloatBuffer append(KeyValueCache target, int[][] tokens, int[] indices) {
        if (tokens.length != target.size()) {
            throw new IllegalArgumentException(
                    "tokens of " + tokens.length + " texts, but there are " + target.size() + " texts");
        }
        int count = tokens[0].length;
        int longest =
                IntStream.range(0, tokens.length).map(target::length).max().orElseThrow();
        target.reserve(longest + count);
        try (NDManager owner = manager.newSubManager()) {
            int[] flat = Arrays.stream(tokens).flatMapToInt(Arrays::stream).toArray();
            KeyValueCache.Step step = target.append(owner, count);
            Batch batch = new DecoderBatch(owner, model.layerInputs()).ofTokens(flat, step.positions(), indices);
            NDArray hidden = compute(owner, batch, call -> {
                int layer = call.block().layer();
                return call.run(owner, "token_layer", step.tensors(layer), step.begin(layer), step.end());
            });
            for (int slot = 0; slot < tokens.length; slot++) {
                target.setLength(slot, target.length(slot) + count);
            }
            return logits(hidden);
        }
    }

    /** Drops the last tokens of a text. */
    public void drop(int slot, int tokens) {
        cache.setLength(slot, cache.length(slot) - tokens);
    }

    /**
     * Keeps some of the texts and drops the other slots.
     *
     * @param slots slots of the kept texts, not empty, in their new order
     */
    public void keep(int[] slots) {
        cache.keep(slots);
    }

    private NDArray compute(NDManager owner, Batch batch, Function<BlockCall, NDArray> layer) {
        NDArray x = model.lookup(owner, batch);
        for (Block block : model.blocks()) {
            BlockCall call = model.call(block, x, batch, DropoutMasks.none());
            NDArray y = block.kind() == BlockKind.LAYER ? layer.apply(call) : model.forward(owner, call);
            x.close();
            x = y;
        }
        return x;
    }

    private FloatBuffer logits(NDArray hidden) {
        if (logits != null) {
            logits.close();
        }
        logits = model.logits(manager, hidden);
        return device.read(logits).asFloatBuffer();
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
