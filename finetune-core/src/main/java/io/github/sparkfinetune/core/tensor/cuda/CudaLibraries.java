package io.github.sparkfinetune.core.tensor.cuda;

import com.sun.jna.Library;
import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.IntByReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Libraries that a CUDA build of PyTorch depends on: CUDA's runtime and NCCL. The handle of PyTorch's library finds the
 * functions of all libraries that it needs, whatever their files are named and wherever they are.
 */
public final class CudaLibraries {
    private static final String FILE = "libtorch_cuda.so";
    /** RTLD_LAZY: resolves a function when it is called. */
    private static final int LAZY = 1;

    /** cudaDevAttrComputeCapabilityMajor. */
    private static final int CAPABILITY_MAJOR = 75;

    private CudaLibraries() {}

    /** Returns the major compute capability of a GPU, or 0 if CUDA does not report it. */
    public static int capability(Path folder, int gpu) {
        IntByReference major = new IntByReference();
        return in(folder)
                        .map(cuda -> cuda.getFunction("cudaDeviceGetAttribute")
                                .invokeInt(new Object[] {major, CAPABILITY_MAJOR, gpu}))
                        .filter(error -> error == 0)
                        .isPresent()
                ? major.getValue()
                : 0;
    }

    /**
     * Returns the libraries that belong to a folder of PyTorch's libraries, or empty for a build for CPUs.
     *
     * @throws UnsatisfiedLinkError if a needed library is missing
     */
    public static Optional<NativeLibrary> in(Path folder) {
        Path file = folder.resolve(FILE);
        return Files.exists(file)
                ? Optional.of(NativeLibrary.getInstance(file.toString(), Map.of(Library.OPTION_OPEN_FLAGS, LAZY)))
                : Optional.empty();
    }
}
