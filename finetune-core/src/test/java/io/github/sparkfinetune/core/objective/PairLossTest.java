package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.PreferenceConfig.LossType;
import org.junit.jupiter.api.Test;

/** Pair losses without golden data of TRL: conservative DPO and extreme values. */
class PairLossTest {
    private static PairLoss loss(LossType type, double beta, double smoothing) {
        return new PairLoss(new PreferenceConfig(beta, type, smoothing, false, 0.5, 0));
    }

    private static AnswerPair pair(double chosen, double rejected) {
        return new AnswerPair(chosen, rejected, -20, -30, 7, 4);
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
        assertThat(plain.chosenReward(pair(-15, -32))).isEqualTo(5);
    }

    @Test
    void staysFiniteForASureAnswer() {
        AnswerPair sure = new AnswerPair(0, -1e-12, 0, 0, 7, 4);
        assertThat(loss(LossType.ORPO, 0.1, 0).of(sure)).isBetween(0.0, 1.0);
    }
}
