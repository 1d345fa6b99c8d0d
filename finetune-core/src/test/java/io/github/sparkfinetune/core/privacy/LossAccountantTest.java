package io.github.sparkfinetune.core.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.apache.commons.math3.special.Erf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(180)
class LossAccountantTest {
    /** Columns: noise multiplier, sampling rate, steps, delta, epsilon of PLDAccountant (dp-accounting 0.6.0). */
    @ParameterizedTest
    @CsvSource({
        "1.0, 0.01, 1000, 1e-5, 1.8282436455855091",
        "0.5, 0.02, 500, 1e-5, 17.570724985075834",
        "2.0, 0.1, 200, 1e-6, 3.8058761768244502",
        "0.8, 1.0, 10, 1e-5, 23.995358989263888",
        "1.1, 0.004266666666666667, 14000, 1e-5, 2.3759264723444598",
        "4, 0.3, 3000, 1e-5, 25.761663998612658",
        "0.3, 0.05, 20, 1e-5, 33.5690922417142",
        "50, 0.5, 100, 1e-7, 0.4481385012006523"
    })
    void spendsWhatDpAccountingSpends(double sigma, double rate, long steps, double delta, double expected) {
        assertThat(LossAccountant.epsilon(sigma, rate, steps, delta)).isCloseTo(expected, within(1e-3 * expected));
    }

    /** Without sampling, T steps are one step with noise σ / sqrt(T), whose delta is known (Balle and Wang, 2018). */
    @ParameterizedTest
    @CsvSource({"1, 1, 1e-5", "0.8, 10, 1e-5", "30, 400, 1e-7", "100, 20000, 1e-8", "500, 100000, 1e-6"})
    void isNeverBelowTheExactEpsilonWithoutSampling(double sigma, long steps, double delta) {
        double exact = exact(sigma / Math.sqrt((double) steps), delta);

        assertThat(LossAccountant.epsilon(sigma, 1, steps, delta)).isBetween(exact, exact + 1e-3 * exact);
    }

    private static double exact(double sigma, double delta) {
        double low = 0;
        double high = 1e5;
        while (high - low > 1e-9 * high) {
            double epsilon = (low + high) / 2;
            double above = upper(epsilon * sigma - 1 / (2 * sigma));
            double below = Math.exp(epsilon + Math.log(upper(epsilon * sigma + 1 / (2 * sigma))));
            if (above - below > delta) {
                low = epsilon;
            } else {
                high = epsilon;
            }
        }
        return low;
    }

    private static double upper(double x) {
        return Erf.erfc(x / Math.sqrt(2)) / 2;
    }

    @ParameterizedTest
    @CsvSource({"8, 0.01, 1000, 1e-5", "0.5, 1, 3, 1e-5"})
    void findsTheLeastNoiseThatKeepsATarget(double epsilon, double rate, long steps, double delta) {
        double sigma = LossAccountant.noiseMultiplier(epsilon, rate, steps, delta);

        assertThat(LossAccountant.epsilon(sigma, rate, steps, delta)).isLessThanOrEqualTo(epsilon);
        assertThat(LossAccountant.epsilon(0.998 * sigma, rate, steps, delta)).isGreaterThan(epsilon);
        assertThat(sigma).isLessThan(RenyiAccountant.noiseMultiplier(epsilon, rate, steps, delta));
    }

    @Test
    void spendsNothingWithoutSteps() {
        assertThat(LossAccountant.epsilon(1, 0.1, 0, 1e-5)).isZero();
    }
}
