package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.arch.RotaryPositions;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code llama.py} computes. */
final class LlamaBlocks implements DecoderBlocks {
    private final DecoderShape shape;
    private final RotaryPositions rotary;

    LlamaBlocks(DecoderShape shape, RotaryPositions rotary) {
        this.shape = shape;
        this.rotary = rotary;
    }

    @Override
    public Optional<NDArray> frequencies(ScriptModule script, NDManager manager) {
        try (NDManager owner = manager.newSubManager()) {
            float[] frequencies = script.callOne(
                            owner, "inverse_frequencies", shape.headWidth(), rotary.theta(), owner.create(0f))
                    .toFloatArray();
            rotary.scaling().ifPresent(scaling -> scaling.apply(frequencies));
            return Optional.of(manager.create(frequencies));
        }
    }

    @Override
    public NDArray forward(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        if (block.kind() == BlockKind.HEAD) {
            return script.callOne(owner, "llama_head", x, block.weights(), batch.places(), shape.epsilon());
        }
        return script.callOne(
                owner,
                "llama_layer",
                x,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                batch.documents(),
                batch.windows(),
                masks,
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
                DecoderBlocks.fused(x));
    }

    @Override
    public NDArray prompts(
            ScriptModule script, NDManager owner, Block block, NDArray x, PackedBatch batch, KeyValueCache cache) {
        return script.callOne(
                owner,
                "llama_prompts",
                x,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                batch.documents(),
                batch.windows(),
                Map.of(),
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
                DecoderBlocks.fused(x),
                cache.keys(block.layer()),
                cache.values(block.layer()),
                cache.end());
    }

    @Override
    public NDArray tokens(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            KeyValueCache cache,
            List<NDArray> bias) {
        return script.callOne(
                owner,
                "llama_token",
                x,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                Map.of(),
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
                cache.keys(block.layer()),
                cache.values(block.layer()),
                cache.begin(),
                cache.end() - 1,
                bias);
    }

    @Override
    public Tape record(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            boolean wanted,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        if (block.kind() == BlockKind.HEAD) {
            return GraphTape.record(
                    script, owner, block, x, wanted, input -> forward(script, owner, block, input, batch, masks));
        }
        return new LlamaTape(script, shape, owner, block, x, wanted, batch, masks);
    }
}
