package io.github.sparkfinetune.core.tensor;

import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.IntByReference;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.tensor.cuda.CudaLibraries;
import java.nio.file.Path;

/**
 * GPUs that PyTorch's own CUDA runtime sees. DJL counts them with a runtime that it looks for by name, and finds none
 * without an installed CUDA toolkit.
 *
 * @param gpus number of usable GPUs
 * @param obstacle why there are none, and what to do; empty if CUDA has counted them
 */
record GpuCount(int gpus, String obstacle) {
    private static final String OR_CPU = ", or set device: cpu";

    /** Counts the GPUs by the libraries in PyTorch's folder. */
    static GpuCount here(Path folder) {
        try {
            return CudaLibraries.in(folder)
                    .map(GpuCount::of)
                    .orElseGet(() -> new GpuCount(
                            0,
                            "the libtorch in " + folder
                                    + " is built for CPUs: set PYTORCH_LIBRARY_PATH and PYTORCH_FLAVOR to a libtorch"
                                    + " for CUDA"));
        } catch (UnsatisfiedLinkError e) {
            // JNA lists the loader's messages, a line each.
            String reason = e.getMessage().lines().skip(1).findFirst().orElse(e.getMessage());
            return new GpuCount(
                    0,
                    "CUDA's libraries for the libtorch in " + folder + " cannot be loaded (" + reason
                            + "): install libtorch with its CUDA libraries");
        }
    }

    private static GpuCount of(NativeLibrary cuda) {
        IntByReference count = new IntByReference();
        int error = cuda.getFunction("cudaGetDeviceCount").invokeInt(new Object[] {count});
        if (error == 0) {
            return new GpuCount(count.getValue(), "");
        }
        String text = cuda.getFunction("cudaGetErrorString").invokeString(new Object[] {error}, false);
        return new GpuCount(0, "CUDA reports \"" + text + "\": install the driver of the GPU, or a newer one");
    }

    /**
     * Checks that a GPU is usable.
     *
     * @throws RunException if there is no such GPU
     */
    void require(int gpu) {
        if (!obstacle.isEmpty()) {
            throw RunException.config("GPU " + gpu + " is not usable here, " + obstacle + OR_CPU);
        }
        if (gpu >= gpus) {
            throw RunException.config("GPU " + gpu + " is not usable here, CUDA sees " + gpus
                    + ": check the addresses that Spark's discovery script prints, and CUDA_VISIBLE_DEVICES" + OR_CPU);
        }
    }
}
