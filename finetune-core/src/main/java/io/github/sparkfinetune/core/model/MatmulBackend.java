package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;

/** Which library computes a model's matrix products, and in what. */
public enum MatmulBackend {
    /** F32, by PyTorch's own choice of library. */
    PYTORCH("core.model.matmul"),
    /** F32, on a processor by oneDNN. */
    ONEDNN("core.model.matmul_onednn"),
    /** BF16, from and to F32. */
    BF16("core.model.matmul_bf16");

    private final String module;

    MatmulBackend(String module) {
        this.module = module;
    }

    /** The text with the methods that compute products, which stands before those that use them. */
    public String module() {
        return module;
    }

    /**
     * What the rows of a product are a multiple of where that can be chosen. For each new size of a product in BF16
     * oneDNN compiles a kernel, and what it keeps of it lies between tensors that come and go: the heap grows with the
     * number of sizes.
     */
    int rows() {
        return this == BF16 ? 16 : 1;
    }

    /** That of a run's precision; {@code auto} is what the device prefers. */
    public static MatmulBackend of(PrecisionChoice precision, Device device) {
        boolean half = precision == PrecisionChoice.BF16 || (precision == PrecisionChoice.AUTO && device.prefersBf16());
        return half ? BF16 : f32();
    }

    /** F32 on this machine. */
    public static MatmulBackend f32() {
        return f32(System.getProperty("os.name"), System.getProperty("os.arch"), Processor.here());
    }

    /**
     * PyTorch has oneDNN's operators on x86-64, except on macOS; where they are missing a text cannot name them. On
     * Intel's own processors MKL, PyTorch's choice, is up to 1.25 times as fast.
     */
    static MatmulBackend f32(String system, String architecture, Processor processor) {
        boolean has = architecture.equals("amd64") && !system.startsWith("Mac");
        return has && !processor.isIntel() ? ONEDNN : PYTORCH;
    }
}
