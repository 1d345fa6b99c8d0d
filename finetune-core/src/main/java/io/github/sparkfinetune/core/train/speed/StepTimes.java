package io.github.sparkfinetune.core.train.speed;

import io.github.sparkfinetune.core.collective.Collective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Computing times per step, in seconds: of this rank for all steps, of all ranks for the last steps. */
public final class StepTimes {
    /** Number of last steps that decide whether a rank is slow. */
    static final int WINDOW = 50;

    /** Multiple of the other ranks' median above which a rank is slow. */
    static final double SLOW = 1.3;

    private final Collective collective;
    private final double[][] last;
    private final Set<Integer> named = new HashSet<>();
    private float[] mine = new float[WINDOW];
    private int steps;

    public StepTimes(Collective collective) {
        this.collective = collective;
        this.last = new double[collective.size()][WINDOW];
    }

    /**
     * Adds the times of a step.
     *
     * @param seconds computing time of each rank in the step
     */
    public void add(double[] seconds) {
        for (int rank = 0; rank < last.length; rank++) {
            last[rank][steps % WINDOW] = seconds[rank];
        }
        if (steps == mine.length) {
            mine = Arrays.copyOf(mine, 2 * steps);
        }
        mine[steps] = (float) seconds[collective.rank()];
        steps++;
    }

    /** Returns the slowest rank, the first time that its median over the last steps is well above the others'. */
    public Optional<SlowRank> slow() {
        if (last.length == 1 || steps == 0 || steps % WINDOW != 0) {
            return Optional.empty();
        }
        double[] medians = Arrays.stream(last).mapToDouble(StepTimes::median).toArray();
        int slowest = 0;
        for (int rank = 1; rank < medians.length; rank++) {
            slowest = medians[rank] > medians[slowest] ? rank : slowest;
        }
        double[] rest = new double[medians.length - 1];
        System.arraycopy(medians, 0, rest, 0, slowest);
        System.arraycopy(medians, slowest + 1, rest, slowest, rest.length - slowest);
        double others = median(rest);
        return medians[slowest] > SLOW * others && named.add(slowest)
                ? Optional.of(new SlowRank(slowest, collective.name(slowest), medians[slowest], others))
                : Optional.empty();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(sorted.length - 1) / 2];
    }

    /** Returns every rank's median and 99th percentile over all steps; empty for one rank. All ranks call it. */
    public List<RankTime> gather() {
        if (last.length == 1) {
            return List.of();
        }
        float[] sorted = Arrays.copyOf(mine, steps);
        Arrays.sort(sorted);
        double[] all = collective.allGather(new double[] {quantile(sorted, 0.5), quantile(sorted, 0.99)});
        List<RankTime> times = new ArrayList<>();
        for (int rank = 0; rank < last.length; rank++) {
            times.add(new RankTime(rank, collective.name(rank), all[2 * rank], all[2 * rank + 1]));
        }
        return times;
    }

    /** Returns the smallest value that at least a share of the values do not exceed. */
    private static double quantile(float[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.ceil(share * sorted.length) - 1];
    }
}
