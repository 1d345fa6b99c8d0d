package io.github.sparkfinetune.core.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenyiAccountantTest {
    /** Columns: noise multiplier, sampling rate, steps, delta, epsilon of RDPAccountant (opacus 1.6.0). */
    @ParameterizedTest
    @CsvSource({
        "1.0, 0.01, 1000, 1e-5, 2.1013652716430564",
        "0.5, 0.02, 500, 1e-5, 20.111774742075255",
        "2.0, 0.1, 200, 1e-6, 4.117558239799327",
        "0.8, 1.0, 10, 1e-5, 25.518420950267977",
        "1.1, 0.004266666666666667, 14000, 1e-5, 2.5903769658483182",
        "4, 0.3, 3000, 1e-5, 27.401198432202175",
        "0.3, 0.05, 20, 1e-5, 39.29637052417486",
        "50, 0.5, 100, 1e-7, 0.4801443826509085"
    })
    void spendsWhatOpacusSpends(double sigma, double rate, long steps, double delta, double expected) {
        assertThat(RenyiAccountant.epsilon(sigma, rate, steps, delta)).isCloseTo(expected, within(1e-6));
    }

    @ParameterizedTest
    @CsvSource({"8, 0.01, 1000, 1e-5", "1, 0.1, 50, 1e-6", "0.5, 1, 3, 1e-5", "20, 0.001, 100000, 1e-7"})
    void findsTheLeastNoiseThatKeepsATarget(double epsilon, double rate, long steps, double delta) {
        double sigma = RenyiAccountant.noiseMultiplier(epsilon, rate, steps, delta);

        assertThat(RenyiAccountant.epsilon(sigma, rate, steps, delta)).isLessThanOrEqualTo(epsilon);
        assertThat(RenyiAccountant.epsilon(0.998 * sigma, rate, steps, delta)).isGreaterThan(epsilon);
    }

    @Test
    void findsNoNoiseForATargetThatTheOrdersCannotReach() {
        assertThat(RenyiAccountant.noiseMultiplier(0.01, 0.5, 100, 1e-5)).isInfinite();
    }

    @Test
    void spendsNothingWithoutSteps() {
        assertThat(RenyiAccountant.epsilon(1, 0.1, 0, 1e-5)).isZero();
        assertThatThrownBy(() -> RenyiAccountant.epsilon(0, 0.1, 1, 1e-5)).isInstanceOf(IllegalArgumentException.class);
    }
}
