package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.plan.StepSamples;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleSource;
import java.util.ArrayList;
import java.util.List;

/** A rank's samples of each step. Any step is reached as fast as the next step. */
final class TrainingSamples {
    private final SampleSource source;
    private final SampleDraws draws;
    private final StepSamples order;

    /** @param draws draws of a sample in each epoch */
    TrainingSamples(SampleSource source, SampleDraws draws, StepSamples order) {
        this.source = source;
        this.draws = draws;
        this.order = order;
    }

    /** Returns this rank's share of a step's samples, without erased ones. */
    List<Sample> of(long step, Collective collective) {
        List<Sample> samples = new ArrayList<>();
        for (long index : order.indexes(step, collective.rank(), collective.size())) {
            Sample sample = source.read(index);
            if (!sample.isErased()) {
                samples.add(draws.train(sample, order.epoch(step)));
            }
        }
        // The next samples are read while this step computes.
        source.willRead(order.next(step, collective.rank(), collective.size()));
        return samples;
    }
}
