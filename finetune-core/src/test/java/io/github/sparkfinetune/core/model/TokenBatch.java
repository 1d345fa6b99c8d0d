package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Batches without a model, for code that reads only samples and rows. */
public final class TokenBatch {
    private TokenBatch() {}

    /** Returns samples without padding. */
    public static Batch of(NDManager owner, List<Sample> samples) {
        return of(owner, samples, 0);
    }

    /**
     * Returns samples side by side.
     *
     * @param least rows of each sample
     */
    public static Batch of(NDManager owner, List<Sample> samples, int least) {
        int[] rows = samples.stream()
                .mapToInt(sample -> Math.max(least, sample.length()))
                .toArray();
        return new Batch(
                samples,
                Tensors.of(owner, new long[IntStream.of(rows).sum()]),
                rows,
                IntStream.range(0, rows.length)
                        .mapToObj(i -> new Batch.Document(i, 0, rows[i]))
                        .toList(),
                Map.of(),
                List.of(),
                Tensors.of(owner, new long[0]));
    }
}
