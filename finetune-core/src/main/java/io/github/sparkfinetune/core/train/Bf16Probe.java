package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;

/** Measurement of matrix products of a model's size in BF16 and in F32. */
final class Bf16Probe {
    private static final int TOKENS = 256;
    private static final long NANOS = 50_000_000;
    /** Enough rounds that some have a CPU core to themselves, even while JVMs start on the machine. */
    private static final int LEAST_ROUNDS = 20;
    /** Operations of a product below which the call overhead dominates. */
    private static final long LEAST_OPERATIONS = 1L << 26;

    private Bf16Probe() {}

    /** Returns whether this machine has BF16 instructions. */
    static boolean hasInstructions() {
        return Processor.here().hasBf16();
    }

    /**
     * Returns the speed of BF16 relative to F32 for a product of the model's feed-forward part. Input and output are
     * F32 in both cases. The fastest product counts, out of those that fit into 50 ms, but at least 20.
     *
     * @return ratio of the speeds, or 1 if the products are too small to measure
     */
    static double speedup(NDManager manager, ModelShape shape) {
        return speedup(manager, shape.hidden(), shape.intermediate());
    }

    private static double speedup(NDManager manager, int hidden, int intermediate) {
        if (2L * TOKENS * hidden * intermediate < LEAST_OPERATIONS) {
            return 1;
        }
        try (NDManager owner = manager.newSubManager()) {
            ScriptModule f32 = module(owner, MatmulBackend.f32());
            ScriptModule bf16 = module(owner, MatmulBackend.BF16);
            NDArray x = owner.ones(new Shape(TOKENS, hidden), DataType.FLOAT32);
            NDArray weight = owner.ones(new Shape(hidden, intermediate), DataType.FLOAT32);
            NDArray half = bf16.callOne(owner, "product_weight", weight);
            // The first products prepare the kernels.
            seconds(owner, f32, x, weight);
            seconds(owner, bf16, x, half);
            double wide = Double.MAX_VALUE;
            double narrow = Double.MAX_VALUE;
            long start = System.nanoTime();
            for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() - start < NANOS; round++) {
                wide = Math.min(wide, seconds(owner, f32, x, weight));
                narrow = Math.min(narrow, seconds(owner, bf16, x, half));
            }
            return wide / narrow;
        }
    }

    private static ScriptModule module(NDManager owner, MatmulBackend backend) {
        return ScriptModule.load(owner, List.of(backend.module()), Map.of());
    }

    private static double seconds(NDManager owner, ScriptModule module, NDArray x, NDArray weight) {
        long start = System.nanoTime();
        module.callOne(owner, "times", x, weight).close();
        return (System.nanoTime() - start) / 1e9;
    }
}
