package io.github.sparkfinetune.core.tensor;

import com.sun.jna.Library;
import com.sun.jna.NativeLibrary;
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

    private CudaLibraries() {}

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
