package io.github.sparkfinetune.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;

class TestMatrixTest {
    private static List<Arguments> matrix(int... sizes) {
        List<?>[] dimensions = Arrays.stream(sizes)
                .mapToObj(size -> IntStream.range(0, size).boxed().toList())
                .toArray(List<?>[]::new);
        return TestMatrix.product(dimensions).toList();
    }

    @Test
    void productCombinesEveryValueOfEachDimension() {
        assertThat(matrix(2, 3).stream().map(arguments -> List.of(arguments.get())))
                .containsExactly(
                        List.of(0, 0), List.of(0, 1), List.of(0, 2), List.of(1, 0), List.of(1, 1), List.of(1, 2));
    }

    @Test
    void coversAMatrixWithAsManyCasesAsTheLongestDimension() {
        List<Arguments> cover = TestMatrix.cover(matrix(2, 9, 4));

        assertThat(cover).hasSize(9);
        assertThat(cover.stream().map(arguments -> arguments.get()[0])).containsOnly(0, 1);
        assertThat(cover.stream().map(arguments -> arguments.get()[1])).doesNotHaveDuplicates();
        assertThat(cover.stream().map(arguments -> arguments.get()[2])).contains(0, 1, 2, 3);
    }

    @Test
    void everySecondCaseOfManyIsRun() {
        assertThat(TestMatrix.thinned(List.of(0, 1, 2, 3, 4))).containsExactly(0, 2, 4);
        assertThat(TestMatrix.thinned(List.of(0, 1, 2))).containsExactly(0, 1, 2);
    }

    @Test
    void coversTheValuesOfTheFirstDimensions() {
        assertThat(TestMatrix.covering(matrix(2, 4, 9).stream(), 2)).hasSize(TestMatrix.isFull() ? 72 : 4);
    }

    @Test
    void coverKeepsTheOrderOfTheCases() {
        List<Arguments> all = matrix(3, 3);

        assertThat(TestMatrix.cover(all))
                .isSubsetOf(all)
                .isSortedAccordingTo((a, b) -> all.indexOf(a) - all.indexOf(b));
    }

    @Test
    void coverKeepsTheOnlyCaseWithAValue() {
        List<Arguments> all = List.of(Arguments.of("a", 1), Arguments.of("b", 1), Arguments.of("b", 2));

        assertThat(TestMatrix.cover(all)).contains(all.get(0), all.get(2));
    }
}
