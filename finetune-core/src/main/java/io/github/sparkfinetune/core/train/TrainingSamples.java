package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.data.dataset.EpochOrder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleSource;
import java.util.ArrayList;
import java.util.List;

/** A rank's samples of each step. Going to any step costs no more than going to the next. */
final class TrainingSamples {
    private final SampleSource source;
    private final SampleDraws draws;
    private final StepPlan plan;
    private final long seed;
    private int epoch = -1;
    private EpochOrder order;

    /**
     * @param draws what is drawn of a sample in each epoch
     * @param seed of the order
     */
    TrainingSamples(SampleSource source, SampleDraws draws, StepPlan plan, long seed) {
        this.source = source;
        this.draws = draws;
        this.plan = plan;
        this.seed = seed;
    }

    /** This rank's share of a step's samples, in the epoch's order. */
    List<Sample> of(long step, Collective collective) {
        if (plan.epoch(step) != epoch) {
            epoch = plan.epoch(step);
            order = new EpochOrder(source.rowGroups(), seed, epoch);
        }
        List<Sample> samples = new ArrayList<>();
        long end = plan.share(step, collective.rank() + 1, collective.size());
        for (long at = plan.share(step, collective.rank(), collective.size()); at < end; at++) {
            samples.add(draws.train(source.read(order.index(at)), epoch));
        }
        return samples;
    }
}
