package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import java.util.Map;

/** Kernel that computes attention when no graph is recorded. */
enum AttentionKernel {
    /** PyTorch's own choice, which also records a graph. */
    PYTORCH,
    /** PyTorch's fused CPU kernel. */
    FUSED,
    /**
     * CUDA's flash attention, one call for all documents, see flash_attention.py. Not run on a GPU: its calls are
     * checked by the shapes of their tensors.
     */
    FLASH,
    /** One matrix product for the scores of several heads and one for the attended values, see matrix_attention.py. */
    MATRICES;

    /** Divisor and maximum of the widths of heads that flash attention computes; flash_attention.py has them too. */
    private static final int FLASH_MULTIPLE = 8;

    private static final int FLASH_WIDTH = 256;

    /**
     * Returns the kernel of a model.
     *
     * @param cap bound of the scores, 0 for none; only {@link #MATRICES} supports a bound
     * @param width width of a head
     */
    static AttentionKernel of(Device device, MatmulBackend matmul, double cap, int width) {
        if (cap != 0) {
            return MATRICES;
        }
        boolean isFlash = matmul == MatmulBackend.BF16 && width % FLASH_MULTIPLE == 0 && width <= FLASH_WIDTH;
        return isFlash && device.hasFlashAttention() ? FLASH : of(device.hasFusedAttention(), matmul, Processor.here());
    }

    /**
     * Returns the kernel for a matmul backend. In BF16 the fused kernel is as slow as in F32, and oneDNN is 2 to 6
     * times as fast. oneDNN needs x86-64 with AVX-512 for BF16. Without AVX-512, PyTorch multiplies BF16 matrices in
     * plain loops.
     */
    static AttentionKernel of(boolean fused, MatmulBackend matmul, Processor processor) {
        if (!fused) {
            return PYTORCH;
        }
        return matmul.isBf16() && processor.hasAvx512() ? MATRICES : FUSED;
    }

    /** Returns the attributes that the script reads. */
    Map<String, Object> attributes() {
        return Map.of(
                "fused_attention",
                this == FUSED,
                "flash_attention",
                this == FLASH,
                "matrix_products",
                this == MATRICES);
    }
}
