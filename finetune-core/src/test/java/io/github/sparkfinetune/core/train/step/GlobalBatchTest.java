package io.github.sparkfinetune.core.train.step;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class GlobalBatchTest {
    private static Sample sample(int... ids) {
        return new Sample(0, ids, new int[ids.length], -1);
    }

    /** Gathers the batch of a rank; the rank's number determines its samples. */
    private static GlobalBatch gather(Collective ranks) {
        List<Sample> mine = switch (ranks.rank()) {
            case 0 -> List.of(sample(7, 5, 7), sample(250_000, 0));
            case 1 -> List.of();
            default -> List.of(sample(6, 5));
        };
        return GlobalBatch.of(ranks, TermWeights.of(ranks.rank(), 0.5), mine, true, ranks.rank() == 0);
    }

    @Test
    void sharesTheSumsOfAllRanks() throws Exception {
        try (Ranks ranks = Ranks.join(3)) {
            assertThat(ranks.play(GlobalBatchTest::gather)).hasSize(3).allSatisfy(global -> {
                assertThat(global.weights().terms()).containsExactly(3, 1.5);
                assertThat(global.ids()).containsExactly(0, 5, 6, 7, 250_000);
                assertThat(global.samples()).isEqualTo(3);
                assertThat(global.tokens()).isEqualTo(7);
                assertThat(global.saves()).isTrue();
            });
        }
    }

    @Test
    void letsOnlyTheFirstRankDecideOnACheckpoint() throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            assertThat(ranks.play(rank -> GlobalBatch.of(rank, TermWeights.of(), List.of(), false, rank.rank() == 1)))
                    .extracting(GlobalBatch::saves)
                    .containsExactly(false, false);
        }
    }

    @Test
    void leavesOutIdsIfNotNeeded() {
        GlobalBatch global = GlobalBatch.of(new SingleRank(), TermWeights.of(2), List.of(sample(1, 2)), false, false);
        assertThat(global.ids()).isEmpty();
        assertThat(global.tokens()).isEqualTo(2);
    }
}
