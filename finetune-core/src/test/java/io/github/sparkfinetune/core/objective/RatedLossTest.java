package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig.LossType;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Losses of rated answers without golden data of TRL: slopes at any point, extreme values, and bounds. */
class RatedLossTest {
    private static final double STEP = 1e-5;

    private static RatedLoss loss(LossType type) {
        return new RatedLoss(new UnpairedPreferenceConfig(0.3, type, 1.5, 0.5));
    }

    @ParameterizedTest
    @EnumSource(LossType.class)
    void computesSlopesAsDerivatives(LossType type) {
        RatedLoss loss = loss(type);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 100; i++) {
            double ratio = 20 - 40 * random.nextDouble();
            double divergence = 10 * random.nextDouble();
            for (boolean desirable : new boolean[] {true, false}) {
                double above = loss.loss(desirable, ratio + STEP, divergence);
                double below = loss.loss(desirable, ratio - STEP, divergence);
                assertThat(loss.slope(desirable, ratio, divergence))
                        .isCloseTo((above - below) / (2 * STEP), within(1e-6));
            }
        }
    }

    @Test
    void isBoundedByTheWeights() {
        RatedLoss loss = loss(LossType.KTO);
        assertThat(loss.loss(true, 2, 2)).isEqualTo(0.75);
        assertThat(loss.loss(false, 2, 2)).isEqualTo(0.25);
        assertThat(loss.loss(true, -1e5, 0)).isEqualTo(1.5);
        assertThat(loss.loss(true, 1e5, 0)).isZero();
        assertThat(loss.loss(false, 1e5, 0)).isEqualTo(0.5);
        assertThat(loss.slope(false, 1e5, 0)).isZero();
        assertThat(loss.slope(true, -1e5, 0)).isZero();
        assertThat(loss.reward(5)).isEqualTo(1.5);
    }

    @Test
    void averagesTheDivergenceAndKeepsItNonNegative() {
        assertThat(loss(LossType.KTO).divergence(6, 4)).isEqualTo(1.5);
        assertThat(loss(LossType.KTO).divergence(-6, 4)).isZero();
        assertThat(loss(LossType.KTO).divergence(0, 0)).isZero();
        assertThat(loss(LossType.APO_ZERO_UNPAIRED).divergence(6, 4)).isZero();
    }
}
