package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.PreferenceConfig.LossType;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pair losses without golden data of TRL: conservative DPO, slopes at any point, and extreme values. */
class PairLossTest {
    private static final double STEP = 1e-5;

    private static PairLoss loss(LossType type, double beta, double smoothing) {
        return new PairLoss(new PreferenceConfig(beta, type, smoothing, false));
    }

    private static AnswerPair pair(double chosen, double rejected) {
        return new AnswerPair(chosen, rejected, -20, -30, 7, 4);
    }

    @ParameterizedTest
    @CsvSource({"SIGMOID, 0.1, 0", "SIGMOID, 0.3, 0.2", "ROBUST, 0.3, 0.2", "IPO, 0.5, 0"})
    void computesSlopesAsDerivatives(LossType type, double beta, double smoothing) {
        PairLoss loss = loss(type, beta, smoothing);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 100; i++) {
            double chosen = -40 * random.nextDouble();
            double rejected = -40 * random.nextDouble();
            assertThat(loss.slopeOfChosen(pair(chosen, rejected)))
                    .isCloseTo(
                            (loss.of(pair(chosen + STEP, rejected)) - loss.of(pair(chosen - STEP, rejected)))
                                    / (2 * STEP),
                            within(1e-6));
            assertThat(loss.slopeOfRejected(pair(chosen, rejected)))
                    .isCloseTo(
                            (loss.of(pair(chosen, rejected + STEP)) - loss.of(pair(chosen, rejected - STEP)))
                                    / (2 * STEP),
                            within(1e-6));
        }
    }

    @Test
    void mixesBothDirectionsByLabelSmoothing() {
        AnswerPair pair = pair(-15, -32);
        AnswerPair other = new AnswerPair(-32, -15, -30, -20, 4, 7);
        PairLoss plain = loss(LossType.SIGMOID, 0.2, 0);
        assertThat(loss(LossType.SIGMOID, 0.2, 0.1).of(pair))
                .isCloseTo(0.9 * plain.of(pair) + 0.1 * plain.of(other), within(1e-12));
    }

    @Test
    void staysFiniteForExtremeValues() {
        PairLoss plain = loss(LossType.SIGMOID, 1, 0);
        assertThat(plain.of(pair(-3000, 0))).isCloseTo(3010, within(1e-9));
        assertThat(plain.of(pair(0, -3000))).isBetween(0.0, 1e-300);
        assertThat(plain.slopeOfChosen(pair(-3000, 0))).isEqualTo(-1);
        assertThat(plain.slopeOfChosen(pair(0, -3000))).isBetween(-1e-300, 0.0);
        assertThat(plain.reward(pair(-15, -32).chosenRatio())).isEqualTo(5);
    }
}
