package io.github.sparkfinetune.core.train.speed;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class StepTimesTest {
    private static final Offset<Double> FLOAT = Offset.offset(1e-6);

    @Test
    void namesASlowRankOnce() throws Exception {
        try (Ranks ranks = Ranks.join(3)) {
            List<List<SlowRank>> slow = ranks.play(exchange -> {
                StepTimes times = new StepTimes(exchange);
                List<SlowRank> named = new ArrayList<>();
                for (int step = 0; step < 3 * StepTimes.WINDOW; step++) {
                    // One long step of rank 0 makes no rank slow.
                    times.add(new double[] {step == 7 ? 60 : 1.0, 1.1, 1.0 * StepTimes.SLOW + 0.2});
                    times.slow().ifPresent(named::add);
                }
                return named;
            });
            assertThat(slow)
                    .allSatisfy(named -> assertThat(named).singleElement().satisfies(rank -> {
                        assertThat(rank.name()).startsWith("rank 2 (127.0.0.1");
                        assertThat(rank.seconds()).isEqualTo(1.5, FLOAT);
                        assertThat(rank.others()).isEqualTo(1.0, FLOAT);
                    }));
        }
    }

    @Test
    void namesNoRankIfTimesDifferLittle() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            assertThat(ranks.play(exchange -> {
                        StepTimes times = new StepTimes(exchange);
                        for (int step = 0; step < StepTimes.WINDOW; step++) {
                            times.add(new double[] {1, StepTimes.SLOW - 0.05});
                        }
                        return times.slow();
                    }))
                    .allMatch(java.util.Optional::isEmpty);
        }
    }

    @Test
    void computesPercentilesOfAllSteps() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            List<List<RankTime>> all = ranks.play(exchange -> {
                StepTimes times = new StepTimes(exchange);
                for (int step = 1; step <= 1000; step++) {
                    times.add(new double[] {step, 2 * step});
                }
                return times.gather();
            });
            assertThat(all.get(1)).isEqualTo(all.get(0));
            assertThat(all.get(0).get(0).p50()).isEqualTo(500);
            assertThat(all.get(0).get(0).p99()).isEqualTo(990);
            assertThat(all.get(0).get(1).p99()).isEqualTo(1980);
        }
        StepTimes one = new StepTimes(new SingleRank());
        one.add(new double[] {1});
        assertThat(one.gather()).isEmpty();
        assertThat(one.slow()).isEmpty();
    }
}
