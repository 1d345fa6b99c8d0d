package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.PrivacyConfig;
import io.github.sparkfinetune.core.privacy.LossAccountant;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrivateStepsTest {
    private static final PrivacyConfig PRIVACY = new PrivacyConfig(8, 0, 0, null, null);

    private static PrivacySpent spent(long samples) {
        return PrivateSteps.spent(PRIVACY, new StepPlan(samples, 64, 300), 300);
    }

    @Test
    void noFigureTellsWhetherOneSampleMoreWasTrainedOn() {
        assertThat(spent(12_346)).isEqualTo(spent(12_345)).isEqualTo(spent(12_000));
        assertThat(spent(12_345).delta()).isEqualTo(0.1 / 12_000);
        assertThat(spent(12_345).sampleRate()).isEqualTo(64.0 / 12_000);
    }

    @Test
    void accountsForAtLeastTheRealRate() {
        PrivacySpent spent = spent(12_999);

        assertThat(spent.epsilon())
                .isGreaterThan(LossAccountant.epsilon(spent.noiseMultiplier(), 64.0 / 12_999, 300, spent.delta()))
                .isLessThanOrEqualTo(8);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "99, 99",
        "100, 100",
        "109, 100",
        "999, 990",
        "12345, 12000",
        "9223372036854775807, 9200000000000000000"
    })
    void roundsDownToTwoDigits(long samples, long rounded) {
        assertThat(PrivateSteps.rounded(samples)).isEqualTo(rounded);
    }
}
