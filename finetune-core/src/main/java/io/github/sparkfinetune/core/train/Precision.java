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
        if (wanted != PrecisionChoice.AUTO) {
            return new Precision(wanted, "as precision says");
        } else if (kept != null) {
            return kept;
        } else if (device.prefersBf16()) {
            return new Precision(PrecisionChoice.BF16, "on a GPU");
        }
        boolean able = Bf16Probe.hasInstructions();
        double[] speedups = ranks.allGather(new double[] {able ? Bf16Probe.speedup(device.manager(), shape) : 0});
        int slowest = 0;
        for (int rank = 1; rank < speedups.length; rank++) {
            slowest = speedups[rank] < speedups[slowest] ? rank : slowest;
        }
        return decided(speedups[slowest], ranks.name(slowest));
    }

    /**
     * @param speedup of the rank that gains least; 0 where it has no instructions for BF16
     * @param rank its name
     */
    static Precision decided(double speedup, String rank) {
        if (speedup == 0) {
            return new Precision(
                    PrecisionChoice.FP32, "the processor of " + rank + " has neither avx512_bf16 nor amx_bf16");
        }
        String times = String.format(Locale.ROOT, "products are %.1f times as fast as in fp32 on %s", speedup, rank);
        return speedup < WORTH
                ? new Precision(PrecisionChoice.FP32, "in bf16 " + times)
                : new Precision(PrecisionChoice.BF16, times + ", which gains least");
    }
}
