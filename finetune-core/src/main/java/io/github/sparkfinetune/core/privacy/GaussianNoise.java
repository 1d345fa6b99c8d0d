package io.github.sparkfinetune.core.privacy;

import io.github.sparkfinetune.core.gradient.Noise;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import java.nio.FloatBuffer;

/**
 * Normal noise on the values of a step's sum. Each unit has a secret stream of its own, so threads can share the units
 * without changing the noise.
 */
public final class GaussianNoise implements Noise {
    private final byte[] secret;
    private final long step;
    private final double deviation;
    private final int threads;

    /**
     * @param step number of completed steps
     * @param deviation standard deviation
     * @param threads number of threads that draw values
     */
    public GaussianNoise(byte[] secret, long step, double deviation, int threads) {
        this.secret = secret.clone();
        this.step = step;
        this.deviation = deviation;
        this.threads = threads;
    }

    @Override
    public void addTo(FloatBuffer values, int unit) {
        int units = (values.remaining() + UNIT - 1) / UNIT;
        ParallelFor.run(units, threads, i -> {
            int first = (int) i * UNIT;
            addTo(values.slice(first, Math.min(UNIT, values.remaining() - first)), streamOf(unit + (int) i));
        });
    }

    private SecretStream streamOf(int unit) {
        return new SecretStream(secret, SecretStream.Purpose.NOISE, step, unit);
    }

    private void addTo(FloatBuffer values, SecretStream random) {
        for (int i = 0; i < values.limit(); i++) {
            values.put(i, (float) (values.get(i) + deviation * random.nextGaussian()));
        }
    }
}
