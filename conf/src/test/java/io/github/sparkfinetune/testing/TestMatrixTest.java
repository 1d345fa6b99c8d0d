package io.github.sparkfinetune.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;

class TestMatrixTest {
    private static List<Arguments> matrix(int... sizes) {
        List<List<Object>> cases = List.of(List.of());
        for (int size : sizes) {
            cases = cases.stream()
                    .flatMap(head -> IntStream.range(0, size).mapToObj(value -> {
                        List<Object> longer = new ArrayList<>(head);
                        longer.add(value);
                        return longer;
                    }))
                    .toList();
        }
        return cases.stream().map(List::toArray).map(Arguments::of).toList();
    }

    @Test
    void coversAMatrixWithAsManyCasesAsItsLongestDimension() {
        List<Arguments> cover = TestMatrix.cover(matrix(2, 9, 4));

        assertThat(cover).hasSize(9);
        assertThat(cover.stream().map(arguments -> arguments.get()[0])).containsOnly(0, 1);
        assertThat(cover.stream().map(arguments -> arguments.get()[1])).doesNotHaveDuplicates();
        assertThat(cover.stream().map(arguments -> arguments.get()[2])).contains(0, 1, 2, 3);
    }

    @Test
    void keepsTheOrderOfTheCases() {
        List<Arguments> all = matrix(3, 3);

        assertThat(TestMatrix.cover(all))
                .isSubsetOf(all)
                .isSortedAccordingTo((a, b) -> all.indexOf(a) - all.indexOf(b));
    }

    @Test
    void keepsACaseThatAloneHasAValue() {
        List<Arguments> all = List.of(Arguments.of("a", 1), Arguments.of("b", 1), Arguments.of("b", 2));

        assertThat(TestMatrix.cover(all)).contains(all.get(0), all.get(2));
    }
}
