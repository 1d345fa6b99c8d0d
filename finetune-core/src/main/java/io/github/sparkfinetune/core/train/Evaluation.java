package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.metric.ClassificationTally;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.data.Sample;
import io.github.sparkfinetune.data.SampleSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Measures the model on a split: each rank a share of it, in storage order. */
final class Evaluation {
    /** Batches whose samples are sorted by length together. */
    private static final int WINDOW = 16;

    private final SampleSource split;
    private final int classes;
    private final int batchSize;

    Evaluation(SampleSource split, int classes, int batchSize) {
        this.split = split;
        this.classes = classes;
        this.batchSize = batchSize;
    }

    /** The metrics over the whole split, the same on every rank. */
    Map<String, Double> run(NDManager manager, Encoder model, Collective collective, Runnable checkCancelled) {
        ClassificationTally tally = new ClassificationTally(classes);
        long size = split.size();
        long end = size * (collective.rank() + 1) / collective.size();
        long at = size * collective.rank() / collective.size();
        while (at < end) {
            checkCancelled.run();
            List<Sample> window = new ArrayList<>();
            while (at < end && window.size() < WINDOW * batchSize) {
                window.add(split.read(at++));
            }
            float[][] logits = Inference.logits(manager, model, window, batchSize);
            for (int i = 0; i < logits.length; i++) {
                tally.add(window.get(i).label(), logits[i]);
            }
        }
        double[] numbers = tally.numbers();
        collective.sum(numbers);
        return ClassificationTally.ofNumbers(classes, numbers).metrics();
    }
}
