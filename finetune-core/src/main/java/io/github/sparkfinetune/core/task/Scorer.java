package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Computation of samples with a task's model, and collection of its metrics. */
public interface Scorer {

    /** Computation of samples that adds them to metrics; arguments as those of {@link Scorer#add}. */
    interface Count {
        void add(List<Sample> samples, int batchSize);
    }

    /**
     * Returns a scorer.
     *
     * @param metrics metrics without samples
     * @param count adds samples to the metrics
     */
    static Scorer of(Metrics metrics, Count count) {
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                count.add(samples, batchSize);
            }

            @Override
            public Metrics metrics() {
                return metrics;
            }
        };
    }

    /**
     * Computes samples and adds them to the metrics.
     *
     * @param batchSize number of samples computed at once
     */
    void add(List<Sample> samples, int batchSize);

    /** Returns the metrics of all samples so far. */
    Metrics metrics();

    /**
     * Returns the metrics of this rank's share of a split, after all ranks have added their samples. All ranks call
     * this method; it may exchange values that other samples are compared with.
     */
    default Metrics metrics(Collective ranks) {
        return metrics();
    }
}
