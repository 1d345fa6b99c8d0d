package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import java.util.Map;

/** What computes attention where no graph is recorded. */
enum AttentionKernel {
    /** PyTorch's own choice, with a graph. */
    PYTORCH,
    /** PyTorch's fused kernel for processors. */
    FUSED,
    /** A product for all scores of some heads and one for what is attended, see matrix_attention.py. */
    MATRICES;

    /**
     * That of a model.
     *
     * @param cap bound of the scores, 0 for none; only {@link #MATRICES} knows one
     */
    static AttentionKernel of(Device device, MatmulBackend matmul, double cap) {
        return cap != 0 ? MATRICES : of(device.hasFusedAttention(), matmul, Processor.here());
    }

    /**
     * In BF16 the fused kernel multiplies as slowly as in F32, oneDNN 2 to 6 times as fast. It has BF16 on x86-64 with
     * AVX-512, without which PyTorch multiplies matrices of BF16 by plain loops.
     */
    static AttentionKernel of(boolean fused, MatmulBackend matmul, Processor processor) {
        if (!fused) {
            return PYTORCH;
        }
        return matmul == MatmulBackend.BF16 && processor.hasAvx512() ? MATRICES : FUSED;
    }

    /** What a text's module knows of it. */
    Map<String, Object> attributes() {
        return Map.of("fused_attention", this == FUSED, "matrix_products", this == MATRICES);
    }
}
