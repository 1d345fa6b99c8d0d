package io.github.sparkfinetune.core.train.step;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Evaluation of the model on a split. Each rank measures a share of the samples, in storage order. */
public final class Evaluation {
    /** Number of batches whose samples are sorted by length together. */
    private static final int WINDOW = 16;

    private final SampleSource split;
    private final int batchSize;

    public Evaluation(SampleSource split, int batchSize) {
        this.split = split;
        this.batchSize = batchSize;
    }

    /**
     * Returns the metrics over the whole split, equal on all ranks.
     *
     * @param computed called once this rank has computed all of its samples
     * @param progressed called after each piece of work; may throw
     */
    public Map<String, Double> run(Scorer scorer, Collective collective, Runnable computed, Runnable progressed) {
        long end = split.partStart(collective.rank() + 1, collective.size());
        long at = split.partStart(collective.rank(), collective.size());
        while (at < end) {
            progressed.run();
            List<Sample> window = new ArrayList<>();
            while (at < end && window.size() < WINDOW * batchSize) {
                window.add(split.read(at++));
            }
            // All windows of a row are scored together.
            while (at < end && split.read(at).continuesRow()) {
                window.add(split.read(at++));
            }
            scorer.add(window, batchSize);
        }
        computed.run();
        Metrics mine = scorer.metrics(collective);
        double[] counts = mine.counts();
        collective.allReduce(counts);
        Metrics[] whole = {mine.of(counts, new double[0])};
        collective.allGather(mine.observations(), some -> whole[0] = whole[0].with(some));
        return whole[0].values();
    }
}
