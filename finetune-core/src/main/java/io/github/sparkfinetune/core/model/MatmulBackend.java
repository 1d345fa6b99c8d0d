package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;

/** Library and type of a model's matrix products. */
public enum MatmulBackend {
    /** F32, in the library that PyTorch chooses. */
    PYTORCH("core.model.matmul"),
    /** F32, in oneDNN on a CPU. */
    ONEDNN("core.model.matmul_onednn"),
    /** BF16, with inputs and outputs in F32. */
    BF16("core.model.matmul_bf16");

    private final String module;

    MatmulBackend(String module) {
        this.module = module;
    }

    /** Returns the script module with the product methods. It must precede the modules that call them. */
    public String module() {
        return module;
    }

    /**
     * Returns the divisor to which the rows of a product should be rounded up. For each new size of a BF16 product,
     * oneDNN compiles and keeps a kernel. The kept memory fragments the heap, which then grows with the number of
     * sizes.
     */
    int rows() {
        return this == BF16 ? 16 : 1;
    }

    /** Returns the backend of a run's precision; {@code auto} is the device's preference. */
    public static MatmulBackend of(PrecisionChoice precision, Device device) {
        boolean half = precision == PrecisionChoice.BF16 || (precision == PrecisionChoice.AUTO && device.prefersBf16());
        return half ? BF16 : f32();
    }

    /** Returns the backend for F32 on this machine. */
    public static MatmulBackend f32() {
        return f32(System.getProperty("os.name"), System.getProperty("os.arch"), Processor.here());
    }

    /**
     * Returns the backend for F32 on a machine. PyTorch has oneDNN's operators on x86-64, except on macOS. A script
     * cannot name missing operators. On Intel processors PyTorch chooses MKL, which is up to 1.25 times as fast as
     * oneDNN.
     */
    static MatmulBackend f32(String system, String architecture, Processor processor) {
        boolean has = architecture.equals("amd64") && !system.startsWith("Mac");
        return has && !processor.isIntel() ? ONEDNN : PYTORCH;
    }
}
