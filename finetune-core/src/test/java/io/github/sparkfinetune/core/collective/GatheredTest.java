package io.github.sparkfinetune.core.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.exchange.Ranks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatheredTest {
    /** Values of three ranks; the second rank has none. */
    private static final double[][] VALUES = {{1, -0.0, Double.NaN, 4, 5}, {}, {6, 7}};

    private static final double[] ALL = {1, -0.0, Double.NaN, 4, 5, 6, 7};

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 100})
    void gathersValuesInRankOrder(int valuesARound) throws Exception {
        try (Ranks ranks = Ranks.join(VALUES.length)) {
            assertThat(ranks.play(exchange -> Gathered.values(exchange, VALUES[exchange.rank()], valuesARound)))
                    .hasSize(VALUES.length)
                    .allSatisfy(all -> assertThat(all).containsExactly(ALL));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "5, 2", "7, 1"})
    void passesRanksWithFewValuesTogether(int most, int times) throws Exception {
        try (Ranks ranks = Ranks.join(VALUES.length)) {
            assertThat(ranks.play(exchange -> {
                        List<double[]> passed = new ArrayList<>();
                        Gathered.pass(exchange, VALUES[exchange.rank()], most, passed::add);
                        return passed;
                    }))
                    .hasSize(VALUES.length)
                    .allSatisfy(passed -> {
                        assertThat(passed).hasSize(times);
                        assertThat(passed.stream().flatMapToDouble(Arrays::stream))
                                .containsExactly(Arrays.stream(ALL).boxed().toArray(Double[]::new));
                    });
        }
    }

    @Test
    void gathersNoValuesAndMoreValuesThanOneRound() throws Exception {
        int many = Gathered.VALUES_PER_ROUND + 3;
        try (Ranks ranks = Ranks.join(2)) {
            assertThat(ranks.play(exchange -> exchange.allGather(new double[0])))
                    .allSatisfy(all -> assertThat(all).isEmpty());
            assertThat(ranks.play(exchange -> exchange.allGather(
                            exchange.rank() == 0
                                    ? new double[] {-1}
                                    : IntStream.range(0, many).asDoubleStream().toArray())))
                    .allSatisfy(all -> {
                        assertThat(all).hasSize(many + 1);
                        assertThat(all[0]).isEqualTo(-1);
                        assertThat(IntStream.range(0, many).allMatch(i -> all[i + 1] == i))
                                .isTrue();
                    });
        }
    }

    @Test
    void returnsItsOwnValuesOnASingleRank() {
        assertThat(new SingleRank().allGather(VALUES[0])).containsExactly(VALUES[0]);
    }
}
