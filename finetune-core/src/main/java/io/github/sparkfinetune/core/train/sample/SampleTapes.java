package io.github.sparkfinetune.core.train.sample;

import io.github.sparkfinetune.core.model.MeasuredBlock;
import io.github.sparkfinetune.core.model.Tape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples while they are differentiated.
 *
 * @param recorded blocks that have a backward
 * @param measured blocks of which norms are measured
 * @param terms sum over the samples of each term's mean
 */
record SampleTapes(Batch batch, List<Recorded> recorded, List<Measured> measured, double[] terms) {
    /** A block with its tape. */
    record Recorded(Block block, Tape tape) {}

    /** A block whose samples' gradients are measured. */
    record Measured(Block block, MeasuredBlock gradients) {}

    /** @param terms number of terms of the objective */
    SampleTapes(Batch batch, int terms) {
        this(batch, new ArrayList<>(), new ArrayList<>(), new double[terms]);
    }

    /** Returns the number of samples. */
    int samples() {
        return batch.samples().size();
    }
}
