package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;

/**
 * What a run's products are computed in, and why.
 *
 * @param choice FP32 or BF16
 */
public record Precision(PrecisionChoice choice, String reason) implements Serializable {
    /** How many times as fast BF16 has to be on each rank. */
    private static final double WORTH = 1.2;

    private static final String DEMANDED = "as precision says";

    public Precision {
        Objects.requireNonNull(reason, "reason");
        if (choice == PrecisionChoice.AUTO) {
            throw new IllegalArgumentException("not decided");
        }
    }

    @Override
    public String toString() {
        return choice.name().toLowerCase(Locale.ROOT) + ": " + reason;
    }

    /**
     * What {@code precision} says, the same on all ranks: where it is auto, BF16 on a GPU, and on processors that all
     * have instructions for it and multiply matrices of the model's size so much faster by them.
     *
     * @param kept what the run that is resumed had, or null
     */
    static Precision of(PrecisionChoice wanted, Precision kept, Collective ranks, Device device, ModelShape shape) {
        boolean free = wanted == PrecisionChoice.AUTO;
        if (wanted == PrecisionChoice.FP32) {
            return new Precision(wanted, DEMANDED);
        } else if (free && kept != null) {
            return kept;
        } else if (device.prefersBf16()) {
            return new Precision(PrecisionChoice.BF16, free ? "on a GPU" : DEMANDED);
        }
        double speedup = !Bf16Probe.hasInstructions() ? 0 : free ? Bf16Probe.speedup(device.manager(), shape) : 1;
        double[] speedups = ranks.allGather(new double[] {speedup});
        int slowest = 0;
        for (int rank = 1; rank < speedups.length; rank++) {
            slowest = speedups[rank] < speedups[slowest] ? rank : slowest;
        }
        String name = ranks.name(slowest);
        return free ? decided(speedups[slowest], name) : demanded(speedups[slowest] > 0, name);
    }

    /**
     * BF16 because it is asked for.
     *
     * @param able whether all ranks have instructions for it
     * @param rank one that has none, if any
     */
    static Precision demanded(boolean able, String rank) {
        return new Precision(
                PrecisionChoice.BF16, able ? DEMANDED : DEMANDED + ", but slower than fp32 would be: " + without(rank));
    }

    /**
     * @param speedup of the rank that gains least; 0 where it has no instructions for BF16
     * @param rank its name
     */
    static Precision decided(double speedup, String rank) {
        if (speedup == 0) {
            return new Precision(PrecisionChoice.FP32, without(rank));
        }
        String times = String.format(Locale.ROOT, "products are %.1f times as fast as in fp32 on %s", speedup, rank);
        return speedup < WORTH
                ? new Precision(PrecisionChoice.FP32, "in bf16 " + times)
                : new Precision(PrecisionChoice.BF16, times + ", which gains least");
    }

    private static String without(String rank) {
        return "the processor of " + rank + " has neither avx512_bf16 nor amx_bf16";
    }
}
