package io.github.sparkfinetune.core.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Samples with equal tokens are computed once. */
class DistinctSamplesTest {
    @Test
    void keepsOneSampleOfEachSequenceOfTokens() {
        Sample first = sample(0, new int[] {1, 2, 3}, new int[] {0, 0, 0});
        Sample same = sample(1, new int[] {1, 2, 3}, new int[] {0, 0, 0});
        Sample pair = sample(2, new int[] {1, 2, 3}, new int[] {0, 0, 1});
        Sample other = sample(3, new int[] {1, 2}, new int[] {0, 0});
        Sample again = sample(4, new int[] {1, 2, 3}, new int[] {0, 0, 1});

        DistinctSamples distinct = DistinctSamples.of(List.of(first, same, pair, other, again));

        assertThat(distinct.samples()).containsExactly(first, pair, other);
        float[][] values = {{10}, {20}, {30}};
        assertThat(distinct.ofAll(values)).isDeepEqualTo(new float[][] {{10}, {10}, {20}, {30}, {20}});
    }

    private static Sample sample(long index, int[] ids, int[] types) {
        return new Sample(index, ids, types, -1);
    }
}
