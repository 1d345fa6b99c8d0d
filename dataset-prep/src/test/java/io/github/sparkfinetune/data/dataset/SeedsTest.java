package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeedsTest {

    @Test
    void everyPartOfTheKeyCounts() {
        Set<Long> values = new HashSet<>();
        for (Seeds.Purpose purpose : Seeds.Purpose.values()) {
            for (long seed = -3; seed < 3; seed++) {
                for (long first = -1; first < 10; first++) {
                    for (long second = -1; second < 10; second++) {
                        values.add(Seeds.derive(seed, purpose, first, second));
                    }
                }
            }
        }
        assertThat(values).hasSize(Seeds.Purpose.values().length * 6 * 11 * 11);
    }

    @Test
    void valuesFillTheUnitIntervalEvenly() {
        double sum = 0;
        int[] tenths = new int[10];
        for (int i = 0; i < 100_000; i++) {
            double u = Seeds.unit(Seeds.derive(42, Seeds.Purpose.DROPOUT, i));
            sum += u;
            tenths[(int) (10 * u)]++;
            assertThat(Seeds.bounded(Seeds.derive(42, Seeds.Purpose.SHUFFLE, i), 7))
                    .isBetween(0L, 6L);
        }
        assertThat(sum / 100_000).isBetween(0.495, 0.505);
        assertThat(tenths).satisfies(counts -> {
            for (int count : counts) {
                assertThat(count).isBetween(9_500, 10_500);
            }
        });
    }

    @Test
    void boundedKeepsTheUnsignedOrder() {
        assertThat(Seeds.bounded(0, 8)).isZero();
        assertThat(Seeds.bounded(-1, 8)).isEqualTo(7);
        assertThat(Seeds.bounded(Long.MIN_VALUE, 8)).isEqualTo(4);
    }
}
