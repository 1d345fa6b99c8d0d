package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;

/**
 * Gradient of an embedding table that also maps hidden states to logits ({@code tie_word_embeddings}). The objective
 * writes every row of the gradient, and the gradients of looked-up rows are added.
 */
final class TiedEmbeddingGradient implements EmbeddingGradient {
    private final ScriptModule script;
    private final NDArray dense;
    private final int paddingId;
    private final GradientBucket bucket;

    TiedEmbeddingGradient(Device device, ScriptModule script, Parameter table, int paddingId) {
        this.script = script;
        this.paddingId = paddingId;
        dense = device.manager().zeros(new Shape(table.shape()), DataType.FLOAT32);
        bucket = GradientBucket.of(device, script, dense);
    }

    @Override
    public Gradient gradient() {
        return new Gradient.Dense(dense);
    }

    @Override
    public GradientBucket bucket() {
        return bucket;
    }

    @Override
    public boolean needsIds() {
        return false;
    }

    @Override
    public void begin(int[] sortedIds) {
        // The objective's first write of a step replaces the previous content.
    }

    @Override
    public void add(NDManager owner, Batch batch, NDArray gradient) {
        script.call(owner, "add_lookups", dense, batch.ids(), gradient, paddingId);
    }
}
