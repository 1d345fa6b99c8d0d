package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Computes samples with a task's model and counts what its metrics are made of. */
public interface Scorer {
    /**
     * Computes samples.
     *
     * @param batchSize how many at once
     */
    void add(List<Sample> samples, int batchSize);

    /** The metrics of what was computed so far. */
    Metrics metrics();
}
