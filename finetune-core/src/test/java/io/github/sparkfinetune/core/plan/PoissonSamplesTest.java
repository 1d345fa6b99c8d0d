package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PoissonSamplesTest {
    private static final byte[] SECRET = new byte[32];

    @Test
    void takesEachSampleWithTheSameProbability() {
        int samples = 500;
        int steps = 4000;
        PoissonSamples poisson = new PoissonSamples(SECRET, new StepPlan(samples, 20, steps));
        int[] uses = new int[samples];
        long sizes = 0;
        long squares = 0;
        for (int step = 0; step < steps; step++) {
            long[] indexes = poisson.indexes(step, 0, 1);
            assertThat(indexes).isSorted().doesNotHaveDuplicates();
            sizes += indexes.length;
            squares += (long) indexes.length * indexes.length;
            for (long index : indexes) {
                uses[(int) index]++;
            }
        }
        double mean = (double) sizes / steps;
        // A binomial number of samples: mean N q and variance N q (1 - q).
        assertThat(mean).isCloseTo(20, within(0.3));
        assertThat((double) squares / steps - mean * mean).isCloseTo(20 * 0.96, within(1.5));
        // A use count has mean 160 and standard deviation 12.4.
        assertThat(IntStream.of(uses).min().getAsInt()).isGreaterThan(160 - 5 * 13);
        assertThat(IntStream.of(uses).max().getAsInt()).isLessThan(160 + 5 * 13);
    }

    @Test
    void dividesTheSameSamplesAmongAnyNumberOfRanks() {
        StepPlan plan = new StepPlan(1000, 64, 10);
        PoissonSamples one = new PoissonSamples(SECRET, plan);
        PoissonSamples three = new PoissonSamples(SECRET, plan);
        for (int step : new int[] {7, 0, 1}) {
            int at = step;
            long[] parts = IntStream.range(0, 3)
                    .mapToObj(rank -> three.indexes(at, rank, 3))
                    .flatMapToLong(Arrays::stream)
                    .toArray();
            assertThat(parts).isEqualTo(one.indexes(step, 0, 1));
        }
        assertThat(one.next(3, 0, 1)).isEqualTo(one.indexes(4, 0, 1));
        assertThat(one.next(9, 0, 1)).isEmpty();
    }

    @Test
    void takesAllSamplesIfAStepHasAsMany() {
        PoissonSamples poisson = new PoissonSamples(SECRET, new StepPlan(5, 8, 2));
        assertThat(poisson.indexes(0, 0, 1)).isEqualTo(LongStream.range(0, 5).toArray());
    }

    @Test
    void takesOtherSamplesWithAnotherSecret() {
        StepPlan plan = new StepPlan(1000, 64, 10);
        assertThat(new PoissonSamples(new byte[] {1}, plan).indexes(0, 0, 1))
                .isNotEqualTo(new PoissonSamples(SECRET, plan).indexes(0, 0, 1));
    }
}
