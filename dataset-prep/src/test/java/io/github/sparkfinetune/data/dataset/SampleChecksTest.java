package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** Counts of unknown and end tokens. */
class SampleChecksTest {
    private static final int UNKNOWN = 1;
    private static final int END = 2;
    private static final int OTHER_END = 3;

    @Test
    void givesTheShareOfUnknownTokens() {
        SampleChecks checks = new SampleChecks(UNKNOWN, Set.of());
        checks.add(new Sample(0, new int[] {5, 1, 6, 1}, new int[4], 0));
        SampleChecks others = new SampleChecks(UNKNOWN, Set.of());
        others.add(new Sample(1, new int[] {5, 7, 8, 9}, new int[4], 0));
        assertThat(checks.plus(others).unknownShare()).isEqualTo(0.25);
        assertThat(checks.endedShare()).isEqualTo(1);
        assertThat(new SampleChecks(-1, Set.of()).unknownShare()).isZero();
    }

    @Test
    void findsAnEndTokenAmongTheLastTwoTrainedTokens() {
        int ignored = Sample.IGNORED;
        SampleChecks checks = new SampleChecks(-1, Set.of(OTHER_END, END));
        checks.add(Sample.ofDocuments(
                0,
                new int[] {7, 8, 2, 9, 2, 9, 9, 2, 8, 2, 5, 2, 5, 5},
                new int[] {ignored, 8, 2, 9, ignored, ignored, 9, 2, ignored, 2, 5, 2, 5, 5},
                3,
                2,
                4,
                2,
                3));
        assertThat(checks.endedShare()).isEqualTo(3 / 5.0);
        checks.add(Sample.ofDocuments(1, new int[] {7, OTHER_END}, new int[] {ignored, OTHER_END}, 2));
        assertThat(checks.endedShare()).isEqualTo(4 / 6.0);
    }
}
