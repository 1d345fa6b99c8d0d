package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class EpochOrderTest {
    private static final List<Integer> GROUPS = List.of(1000, 1, 37, 0, 1000, 250);

    @Test
    void everyEpochIsAPermutation() {
        for (int epoch = 0; epoch < 5; epoch++) {
            assertThat(order(GROUPS, 42, epoch).stream().sorted())
                    .containsExactlyElementsOf(LongStream.range(0, 2288).boxed().toList());
        }
    }

    @Test
    void epochsAndSeedsDiffer() {
        assertThat(order(GROUPS, 42, 0)).isEqualTo(order(GROUPS, 42, 0)).isNotEqualTo(order(GROUPS, 42, 1));
        assertThat(order(GROUPS, 43, 0)).isNotEqualTo(order(GROUPS, 42, 0));
    }

    @Test
    void givesAnyPositionOnItsOwn() {
        List<Long> inOrder = order(GROUPS, 7, 3);
        for (int position = 0; position < inOrder.size(); position += 13) {
            assertThat(new EpochOrder(GROUPS, 7, 3).index(position)).isEqualTo(inOrder.get(position));
        }
    }

    @Test
    void rowGroupsStayTogether() {
        List<Long> inOrder = order(List.of(100, 100, 100), 42, 0);
        for (int group = 0; group < 3; group++) {
            long first = inOrder.get(100 * group) / 100;
            assertThat(inOrder.subList(100 * group, 100 * group + 100)).allMatch(index -> index / 100 == first);
        }
    }

    @Test
    void allOrdersOfThreeAreEquallyFrequent() {
        int[] seen = new int[27];
        for (int epoch = 0; epoch < 6000; epoch++) {
            List<Long> order = order(List.of(3), 1, epoch);
            seen[(int) (9 * order.get(0) + 3 * order.get(1) + order.get(2))]++;
        }
        assertThat(seen).satisfies(counts -> {
            for (int code : new int[] {5, 7, 11, 15, 19, 21}) {
                assertThat(counts[code]).isBetween(850, 1150);
            }
        });
    }

    @Test
    void refusesAPositionOutside() {
        EpochOrder order = new EpochOrder(GROUPS, 42, 0);
        assertThat(order.size()).isEqualTo(2288);
        assertThatThrownBy(() -> order.index(2288)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> order.index(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(new EpochOrder(List.of(), 42, 0).size()).isZero();
    }

    private static List<Long> order(List<Integer> groups, long seed, int epoch) {
        EpochOrder order = new EpochOrder(groups, seed, epoch);
        List<Long> indexes = new ArrayList<>();
        for (long position = 0; position < order.size(); position++) {
            indexes.add(order.index(position));
        }
        return indexes;
    }
}
