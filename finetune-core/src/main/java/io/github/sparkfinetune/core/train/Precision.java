package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;

/**
 * Type of a run's matrix products, and the reason for it.
 *
 * @param choice FP32 or BF16
 * @param reason reason in words
 */
public record Precision(PrecisionChoice choice, String reason) implements Serializable {
    /** Least speed of BF16 relative to F32, on each rank. */
    private static final double WORTH = 1.2;

    private static final String CONFIGURED = "set by precision";

    public Precision {
        Objects.requireNonNull(reason, "reason");
        if (choice == PrecisionChoice.AUTO) {
            throw new IllegalArgumentException("auto is not a decided precision");
        }
    }

    @Override
    public String toString() {
        return choice.name().toLowerCase(Locale.ROOT) + ": " + reason;
    }

    /**
     * Returns the precision of a run, equal on all ranks. For auto, BF16 is chosen on a GPU. On CPUs, BF16 is chosen if
     * all ranks have BF16 instructions, with which products of the model's size are at least {@value #WORTH} times as
     * fast.
     *
     * @param kept precision of the resumed run, or null
     */
    static Precision of(PrecisionChoice requested, Precision kept, Collective ranks, Device device, ModelShape shape) {
        boolean free = requested == PrecisionChoice.AUTO;
        if (requested == PrecisionChoice.FP32) {
            return new Precision(requested, CONFIGURED);
        } else if (free && kept != null) {
            return kept;
        } else if (device.prefersBf16()) {
            return new Precision(PrecisionChoice.BF16, free ? "on a GPU" : CONFIGURED);
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
     * Returns BF16 as configured.
     *
     * @param able whether all ranks have BF16 instructions
     * @param rank name of a rank without BF16 instructions, if any
     */
    static Precision demanded(boolean able, String rank) {
        return new Precision(
                PrecisionChoice.BF16,
                able ? CONFIGURED : CONFIGURED + ", but slower than fp32 would be: " + without(rank));
    }

    /**
     * @param speedup speed of BF16 relative to F32 on the slowest rank; 0 if it has no BF16 instructions
     * @param rank name of that rank
     */
    static Precision decided(double speedup, String rank) {
        if (speedup == 0) {
            return new Precision(PrecisionChoice.FP32, without(rank));
        }
        return new Precision(
                speedup < WORTH ? PrecisionChoice.FP32 : PrecisionChoice.BF16,
                String.format(
                        Locale.ROOT, "bf16 products are %.1f times as fast as fp32 (slowest: %s)", speedup, rank));
    }

    private static String without(String rank) {
        return "the processor of " + rank + " has neither avx512_bf16 nor amx_bf16";
    }
}
