package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import java.util.List;

/**
 * Gradient of an embedding table that also maps hidden states to logits ({@code tie_word_embeddings}). The objective
 * writes every row of it into a bucket, whose sum starts before the backward of the layers. The gradients of looked-up
 * rows are summed apart, and added in the end.
 */
final class TiedEmbeddingGradient implements EmbeddingGradient {
    private final SparseEmbeddingGradient lookups;
    private final Bucket bucket;

    /** @param bucket bucket of the table alone */
    TiedEmbeddingGradient(SparseEmbeddingGradient lookups, Bucket bucket) {
        this.lookups = lookups;
        this.bucket = bucket;
    }

    @Override
    public List<ParameterGradient> parameters() {
        return List.of();
    }

    @Override
    public boolean needsIds() {
        return true;
    }

    @Override
    public void begin(int[] sortedIds) {
        lookups.begin(sortedIds);
    }

    @Override
    public void add(NDManager owner, Batch batch, NDArray gradient) {
        lookups.add(owner, batch, gradient);
    }

    @Override
    public void complete() {
        lookups.complete();
    }

    @Override
    public void finish() {
        lookups.finish();
        bucket.addRows(lookups.lookedUp());
    }

    @Override
    public float[] norms(NDManager owner) {
        return new float[0];
    }
}
