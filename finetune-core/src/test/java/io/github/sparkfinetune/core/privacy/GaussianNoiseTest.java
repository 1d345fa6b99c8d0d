package io.github.sparkfinetune.core.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.core.gradient.Noise;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.api.Test;

class GaussianNoiseTest {
    private static final byte[] SECRET = {1, 2, 3};
    private static final int VALUES = 3 * Noise.UNIT + 5;

    private static float[] noise(byte[] secret, long step, int threads) {
        float[] values = new float[VALUES];
        new GaussianNoise(secret, step, 2.5, threads).addTo(FloatBuffer.wrap(values), 7);
        return values;
    }

    private static double mean(float[] values, DoubleUnaryOperator function) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> function.applyAsDouble(values[i] / 2.5))
                .average()
                .orElseThrow();
    }

    @Test
    void isNormal() {
        float[] values = noise(SECRET, 3, 1);
        assertThat(mean(values, x -> x)).isCloseTo(0, within(0.01));
        assertThat(mean(values, x -> x * x)).isCloseTo(1, within(0.015));
        assertThat(mean(values, x -> x * x * x * x)).isCloseTo(3, within(0.12));
        double[] some = IntStream.range(0, 20_000).mapToDouble(i -> values[i]).toArray();
        assertThat(new KolmogorovSmirnovTest().kolmogorovSmirnovTest(new NormalDistribution(0, 2.5), some))
                .isGreaterThan(0.01);
        // 2 of 200,000 values are beyond 4.5 deviations.
        assertThat(IntStream.range(0, VALUES)
                        .filter(i -> Math.abs(values[i]) > 11.25)
                        .count())
                .isLessThan(12);
    }

    @Test
    void isAddedToTheValues() {
        float[] values = new float[10];
        Arrays.fill(values, 100);
        new GaussianNoise(SECRET, 3, 2.5, 1).addTo(FloatBuffer.wrap(values), 7);
        float[] noise = noise(SECRET, 3, 1);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).isCloseTo(100 + noise[i], within(1e-5f));
        }
    }

    @Test
    void isOneFunctionOfSecretStepAndIndex() {
        float[] noise = noise(SECRET, 3, 1);
        assertThat(noise(SECRET, 3, 2)).isEqualTo(noise);
        float[] rest = new float[VALUES - Noise.UNIT];
        new GaussianNoise(SECRET, 3, 2.5, 1).addTo(FloatBuffer.wrap(rest), 8);
        for (int i = 0; i < rest.length; i++) {
            assertThat(rest[i]).isEqualTo(noise[i + Noise.UNIT]);
        }
        assertThat(IntStream.range(0, VALUES).mapToObj(i -> noise[i]).distinct().count())
                .isGreaterThan(VALUES * 99L / 100);
        assertThat(noise(SECRET, 4, 1)).isNotEqualTo(noise);
        assertThat(noise(new byte[] {1, 2, 4}, 3, 1)).isNotEqualTo(noise);
    }
}
