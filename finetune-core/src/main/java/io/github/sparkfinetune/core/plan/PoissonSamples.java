package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.privacy.SecretStream;
import java.util.Arrays;

/**
 * Samples of private steps: each step takes each sample with probability q = G / N, independently of all others, for N
 * samples and steps of G samples on average. Who does not have the secret cannot tell which step used a sample; the
 * accountant relies on this.
 */
final class PoissonSamples implements StepSamples {
    private final byte[] secret;
    private final StepPlan plan;
    private long drawnStep = -1;
    private long[] drawn = new long[0];

    PoissonSamples(byte[] secret, StepPlan plan) {
        this.secret = secret.clone();
        this.plan = plan;
    }

    @Override
    public int epoch(long step) {
        return plan.epoch(step);
    }

    @Override
    public long[] indexes(long step, int rank, int ranks) {
        if (step != drawnStep) {
            drawn = draw(step);
            drawnStep = step;
        }
        long[] all = drawn;
        return Arrays.copyOfRange(all, (int) Collective.firstOfShare(all.length, rank, ranks), (int)
                Collective.firstOfShare(all.length, rank + 1, ranks));
    }

    @Override
    public long[] next(long step, int rank, int ranks) {
        return step + 1 < plan.totalSteps() ? indexes(step + 1, rank, ranks) : new long[0];
    }

    /** Draws the distances between the samples of a step, which are geometrically distributed. */
    private long[] draw(long step) {
        double rate = plan.sampleRate();
        SecretStream random = new SecretStream(secret, SecretStream.Purpose.SAMPLING, step, 0);
        double logOut = Math.log1p(-rate);
        long[] samples = new long[16];
        int count = 0;
        long index = -1;
        while (true) {
            double skipped = rate == 1 ? 0 : Math.floor(Math.log(random.uniform()) / logOut);
            if (skipped >= plan.samples() - index - 1) {
                return Arrays.copyOf(samples, count);
            }
            index += 1 + (long) skipped;
            if (count == samples.length) {
                samples = Arrays.copyOf(samples, 2 * count);
            }
            samples[count++] = index;
        }
    }
}
