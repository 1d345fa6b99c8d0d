package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig.LossType;
import org.junit.jupiter.api.Test;

/** Losses of rated answers without golden data of TRL: extreme values and bounds. */
class RatedLossTest {
    private static RatedLoss loss(LossType type) {
        return new RatedLoss(new UnpairedPreferenceConfig(0.3, type, 1.5, 0.5));
    }

    @Test
    void isBoundedByTheWeights() {
        RatedLoss loss = loss(LossType.KTO);
        assertThat(loss.loss(true, 2, 2)).isEqualTo(0.75);
        assertThat(loss.loss(false, 2, 2)).isEqualTo(0.25);
        assertThat(loss.loss(true, -1e5, 0)).isEqualTo(1.5);
        assertThat(loss.loss(true, 1e5, 0)).isZero();
        assertThat(loss.loss(false, 1e5, 0)).isEqualTo(0.5);
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
