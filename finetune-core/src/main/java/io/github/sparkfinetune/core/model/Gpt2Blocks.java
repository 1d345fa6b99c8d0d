package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code gpt2.py} computes. */
final class Gpt2Blocks implements DecoderBlocks {
    private final DecoderShape shape;

    Gpt2Blocks(DecoderShape shape) {
        this.shape = shape;
    }

    @Override
    public Optional<NDArray> frequencies(ScriptModule script, NDManager manager) {
        return Optional.empty();
    }

    @Override
    public NDArray forward(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        return switch (block.kind()) {
            case EMBEDDINGS ->
                script.callOne(
                        owner,
                        "gpt2_embeddings",
                        x,
                        block.weights(),
                        batch.positions(),
                        masks,
                        Dropout.scale(shape.embeddingDropout()));
            case LAYER ->
                script.callOne(
                        owner,
                        "gpt2_layer",
                        x,
                        block.weights(),
                        batch.documents(),
                        masks,
                        shape.heads(),
                        shape.epsilon(),
                        shape.activation(),
                        Dropout.scale(shape.probsDropout()),
                        Dropout.scale(shape.residualDropout()),
                        // The fused kernel records no graph.
                        false);
            case HEAD -> script.callOne(owner, "gpt2_head", x, block.weights(), batch.places(), shape.epsilon());
            case PROJECTION -> throw new IllegalArgumentException("the projection is part of the loss");
        };
    }

    @Override
    public NDArray prompts(
            ScriptModule script, NDManager owner, Block block, NDArray x, PackedBatch batch, KeyValueCache cache) {
        return script.callOne(
                owner,
                "gpt2_prompts",
                x,
                block.weights(),
                batch.documents(),
                Map.of(),
                shape.heads(),
                shape.epsilon(),
                shape.activation(),
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
                "gpt2_token",
                x,
                block.weights(),
                Map.of(),
                shape.epsilon(),
                shape.activation(),
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
        return GraphTape.record(
                script, owner, block, x, wanted, input -> forward(script, owner, block, input, batch, masks));
    }
}
