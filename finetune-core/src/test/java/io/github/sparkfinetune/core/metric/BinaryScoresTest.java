package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Areas from counted scores equal those of an exact ranking of all samples. */
class BinaryScoresTest {
    private static final int MANY = 1_000_000;

    @ParameterizedTest
    @MethodSource
    void countsManyScoresInBoundedMemory(String spread, DoubleUnaryOperator score) {
        Random random = new Random(1);
        BinaryScores scores = new BinaryScores(BinaryScores.MOST_CELLS);
        double[] positives = new double[MANY / 10];
        double[] negatives = new double[MANY - positives.length];
        for (int i = 0; i < MANY; i++) {
            boolean positive = i < positives.length;
            double value = score.applyAsDouble(random.nextGaussian() + (positive ? 0.5 : -0.5));
            (positive ? positives : negatives)[positive ? i : i - positives.length] = value;
            scores.add(positive, value);
        }

        assertThat(scores.toArray()).hasSizeLessThanOrEqualTo(3 + 3 * BinaryScores.MOST_CELLS);
        Ranking exact = Ranking.of(positives, negatives);
        assertThat(scores.rocAuc()).isCloseTo(exact.rocAuc(), within(1e-6));
        assertThat(scores.averagePrecision()).isCloseTo(exact.averagePrecision(), within(1e-5));
    }

    static Stream<Arguments> countsManyScoresInBoundedMemory() {
        return Stream.of(
                Arguments.of("of a trained model", (DoubleUnaryOperator) z -> sigmoid(3 * z)),
                Arguments.of("of a sure model", (DoubleUnaryOperator) z -> sigmoid(12 * z)),
                Arguments.of("of a new head", (DoubleUnaryOperator) z -> sigmoid(1e-5 * z)),
                Arguments.of("of a rare class", (DoubleUnaryOperator) z -> sigmoid(1e-3 * z - 7)));
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    @ParameterizedTest
    @MethodSource
    void sumsPartsInAnyOrder(int cells, int parts) {
        Random random = new Random(parts);
        BinaryScores whole = new BinaryScores(cells);
        List<BinaryScores> shards = new ArrayList<>(
                Stream.generate(() -> new BinaryScores(cells)).limit(parts).toList());
        for (int i = 0; i < 5000; i++) {
            // The first part is full long before the last part has two samples.
            int part = (int) (parts * Math.pow(random.nextDouble(), 8));
            boolean positive = random.nextInt(4) == 0;
            double score = sigmoid(random.nextInt(3) * random.nextGaussian());
            whole.add(positive, score);
            shards.get(part).add(positive, score);
        }
        Collections.shuffle(shards, random);

        BinaryScores together = new BinaryScores(cells);
        for (BinaryScores part : shards) {
            double[] numbers = part.toArray();
            assertThat(together.read(numbers, 0)).isEqualTo(numbers.length);
        }
        assertThat(together.toArray()).containsExactly(whole.toArray());
        assertThat(together.rocAuc()).isEqualTo(whole.rocAuc());
    }

    static Stream<Arguments> sumsPartsInAnyOrder() {
        return Stream.of(1, 20, 1000, 100_000)
                .flatMap(cells -> Stream.of(1, 3, 50).map(parts -> Arguments.of(cells, parts)));
    }

    @Test
    void distinguishesAdjacentScores() {
        double[] ascending = {
            0,
            Double.MIN_VALUE,
            1e-300,
            Math.nextDown(0.5),
            0.5,
            Math.nextUp(0.5),
            Math.nextDown(1 - 1e-16),
            Math.nextDown(1.0),
            1
        };
        BinaryScores scores = new BinaryScores(2 * ascending.length);
        for (int i = 0; i < ascending.length; i++) {
            scores.add(i % 2 == 1, ascending[i]);
        }
        double[] positives = every(ascending, 1);
        double[] negatives = every(ascending, 0);

        assertThat(scores.toArray()[2]).isEqualTo(ascending.length);
        assertThat(scores.rocAuc()).isCloseTo(Ranking.of(positives, negatives).rocAuc(), within(1e-15));
        // A score of -0.0 counts as 0.
        scores.add(true, -0.0);
        assertThat(scores.toArray()[2]).isEqualTo(ascending.length);
    }

    private static double[] every(double[] values, int odd) {
        double[] found = new double[(values.length + 1 - odd) / 2];
        for (int i = 0; i < found.length; i++) {
            found[i] = values[2 * i + odd];
        }
        return found;
    }

    @Test
    void refusesScoresOutsideZeroToOne() {
        BinaryScores scores = new BinaryScores(10);

        assertThatThrownBy(() -> scores.add(true, 1.5)).hasMessage("score 1.5");
        assertThatThrownBy(() -> scores.add(true, -1e-9)).hasMessage("score -1.0E-9");
    }
}
