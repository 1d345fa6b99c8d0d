package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import java.util.List;
import java.util.Optional;

/** Library and type of a model's matrix products. */
public enum MatmulBackend {
    /** F32, in the library that PyTorch chooses. */
    PYTORCH("core.model.matmul"),
    /** F32, in oneDNN on a CPU. */
    ONEDNN("core.model.matmul_onednn"),
    /** BF16, with inputs and outputs in F32. */
    BF16("core.model.matmul_bf16"),
    /** {@link #BF16} for a model that never changes: the layers' weights are packed once for oneDNN. */
    PACKED_BF16("core.model.matmul_bf16", "core.model.matmul_packed_bf16"),
    /** {@link #PACKED_BF16} with weights in 4 bits, which are widened once. */
    WIDENED_BF16("core.model.matmul_bf16", "core.model.matmul_packed_bf16"),
    /** 8 bits in the layers' linears, for a model that never changes; else F32. */
    INT8("core.model.matmul", "core.model.matmul_int8"),
    /** 8 bits in the layers' linears, for a model that never changes; else BF16. */
    INT8_AND_BF16("core.model.matmul_bf16", "core.model.matmul_int8"),
    /** F32 with weights in 8 bits in the layers' linears, for a model that never changes. */
    INT8_WEIGHTS("core.model.matmul", "core.model.matmul_int8_weights"),
    /** {@link #INT8_WEIGHTS} with inputs and the other weights in BF16. */
    INT8_WEIGHTS_AND_BF16("core.model.matmul_bf16", "core.model.matmul_int8_weights"),
    /** F32 with weights in 4 bits in the layers' linears, for a model that never changes. */
    INT4_WEIGHTS("core.model.matmul", "core.model.matmul_int4_weights"),
    /** {@link #INT4_WEIGHTS} with inputs and the other weights in BF16. */
    INT4_WEIGHTS_AND_BF16("core.model.matmul_bf16", "core.model.matmul_int4_weights");

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<String> modules;

    MatmulBackend(String... modules) {
        this.modules = List.of(modules);
    }

    /** Returns the script module with the product methods of weights that are not packed, as {@link #modules}. */
    public String module() {
        return modules.get(0);
    }

    /** Returns the script modules with the product methods. They must precede the modules that call them. */
    public List<String> modules() {
        return modules;
    }

    /** Returns whether products are in BF16, except those of packed weights in 8 bits. */
    public boolean isBf16() {
        return modules.contains("core.model.matmul_bf16");
    }

    /** Returns whether the weights of the layers' linears are packed when they are loaded, and never change. */
    public boolean packs() {
        return modules.size() > 1;
    }

    /** Returns whether weights in 4 bits are packed too; else they are widened each time their layer is computed. */
    boolean packs4Bits() {
        return this == WIDENED_BF16;
    }

    /**
     * Returns this backend for a model that never changes, on a device.
     *
     * @param widened whether weights in 4 bits are widened once
     */
    public MatmulBackend packed(Device device, boolean widened) {
        boolean can = this == BF16 && device.readsInPlace() && hasOneDnn();
        return can ? (widened ? WIDENED_BF16 : PACKED_BF16) : this;
    }

    /**
     * Returns the backend with 8 bits for a model that never changes, or empty if the device lacks it.
     *
     * @param bf16 whether the rest is computed in BF16
     */
    public static Optional<MatmulBackend> int8(Device device, boolean bf16) {
        return Optional.of(bf16 ? INT8_AND_BF16 : INT8).filter(any -> device.readsInPlace() && hasOneDnn());
    }

    /**
     * Returns the backend with weights in 8 or 4 bits for a model that never changes, or empty if the device lacks it.
     *
     * @param four whether weights have 4 bits
     * @param bf16 whether the rest is computed in BF16
     */
    public static Optional<MatmulBackend> narrowWeights(Device device, boolean four, boolean bf16) {
        MatmulBackend backend =
                four ? (bf16 ? INT4_WEIGHTS_AND_BF16 : INT4_WEIGHTS) : (bf16 ? INT8_WEIGHTS_AND_BF16 : INT8_WEIGHTS);
        return Optional.of(backend).filter(any -> device.readsInPlace());
    }

    /**
     * Returns the divisor to which the rows of a product should be rounded up. For each new size of a BF16 product,
     * oneDNN compiles and keeps a kernel. The kept memory fragments the heap, which then grows with the number of
     * sizes.
     */
    int rows() {
        return isBf16() ? 16 : 1;
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
        return hasOneDnn(system, architecture) && !processor.isIntel() ? ONEDNN : PYTORCH;
    }

    private static boolean hasOneDnn() {
        return hasOneDnn(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    private static boolean hasOneDnn(String system, String architecture) {
        return architecture.equals("amd64") && !system.startsWith("Mac");
    }
}
