package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FirstSamplesTest {

    @ParameterizedTest
    @CsvSource({"0, 10", "1, 1", "2, 4", "3, 4", "4, 4", "7, 7", "9, 10", "10, 10", "99, 10"})
    void cutsASplitBehindAWholeRow(int atMost, int size) {
        try (SampleSource first = FirstSamples.of(new Split(), atMost)) {
            assertThat(first.size()).isEqualTo(size);
            assertThat(first.read(size - 1).index()).isEqualTo(size - 1);
            assertThatThrownBy(() -> first.read(size)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(first.partStart(3, 3)).isEqualTo(size);
        }
    }

    @Test
    void cutsTheRowGroupsOfTheSplit() {
        assertThat(FirstSamples.of(new Split(), 7).rowGroups()).containsExactly(4, 3);
    }

    /** Rows of one window each, except the second row with three windows and the last with two. */
    private static final class Split implements SampleSource {
        @Override
        public List<Integer> rowGroups() {
            return List.of(4, 4, 2);
        }

        @Override
        public Sample read(long index) {
            if (index >= size()) {
                throw new IndexOutOfBoundsException(Long.toString(index));
            }
            int window = index == 2 || index == 9 ? 1 : index == 3 ? 2 : 0;
            return new Sample(
                    index,
                    new int[1],
                    new int[1],
                    -1,
                    new int[0],
                    new int[] {1},
                    new double[0],
                    new Window(window, new int[0], new int[0], ""));
        }

        @Override
        public void close() {}
    }
}
