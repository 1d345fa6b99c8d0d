package io.github.sparkfinetune.core.tensor;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.TorchJni;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.tokenizer.Offline;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/** PyTorch in this process: start, threads, devices and gradient mode. */
public final class Torch {
    /** Name of the engine in DJL. */
    public static final String ENGINE = "PyTorch";

    /** Library of the GPU's driver. */
    private static final String DRIVER = "libcuda.so";

    private static final int PROBES = 5;

    private static volatile boolean stopped;

    private Torch() {}

    /**
     * Prepares PyTorch for the calling thread. Must be called before the thread's first tensor.
     *
     * @param threads number of threads of the operators that the calling thread calls
     */
    public static void start(int threads) {
        Offline.ensure();
        try {
            Engine.getEngine(ENGINE);
        } catch (EngineException e) {
            String reason = rootMessage(e);
            throw RunException.config("PyTorch's native library could not be loaded (" + reason + "): "
                    + (String.valueOf(reason).contains(DRIVER)
                            ? "this libtorch is built for CUDA and needs the driver of a GPU, which this machine lacks;"
                                    + " without a GPU, use a libtorch for CPUs"
                            : "run on Linux x86-64, or set PYTORCH_LIBRARY_PATH, PYTORCH_VERSION and PYTORCH_FLAVOR to"
                                    + " your own libtorch"));
        }
        ProcessEnd.skipDestructors();
        TorchJni.setNumThreads(threads);
        TorchJni.runScriptsAsWritten();
        TorchJni.setGradMode(false);
    }

    /** Returns the folder of PyTorch's libraries, after {@link #start}. */
    public static Path libraries() {
        return TorchJni.libraries();
    }

    /** Makes every later computation of this process throw, for a process that ends. */
    public static void stop() {
        stopped = true;
    }

    /** @throws CancellationException after {@link #stop} */
    static void checkStopped() {
        if (stopped) {
            throw new CancellationException("the process ends");
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage();
    }

    /**
     * Returns a manager that owns the tensors created with it, on the CPU or on a GPU.
     *
     * @param gpu index of the GPU, or -1 for the CPU
     * @throws RunException if PyTorch sees no such GPU
     */
    public static NDManager manager(int gpu) {
        Engine engine = Engine.getEngine(ENGINE);
        if (gpu >= 0) {
            GpuCount.here(TorchJni.libraries()).require(gpu);
        }
        return engine.newBaseManager(gpu < 0 ? ai.djl.Device.cpu() : ai.djl.Device.gpu(gpu));
    }

    /**
     * Multiplies matrices, to check whether PyTorch works on this machine, and how fast.
     *
     * @param size number of rows and columns
     * @return billions of operations per second
     * @throws RunException if the result is wrong
     */
    public static double probe(int size) {
        try (NDManager manager = manager(-1)) {
            NDArray ones = manager.ones(new Shape(size, size));
            double seconds = Double.MAX_VALUE;
            // The first product prepares the kernels.
            for (int i = 0; i < PROBES; i++) {
                long start = System.nanoTime();
                float sum = ones.matMul(ones).sum().getFloat();
                seconds = Math.min(seconds, (System.nanoTime() - start) / 1e9);
                if (sum != (float) size * size * size) {
                    throw RunException.config(
                            "PyTorch computes wrong results on this machine: the sum of a product of ones is " + sum);
                }
            }
            return 2.0 * size * size * size / seconds / 1e9;
        }
    }

    /** Runs a computation that records a graph. */
    public static <T> T recording(Supplier<T> work) {
        TorchJni.setGradMode(true);
        try {
            return work.get();
        } finally {
            TorchJni.setGradMode(false);
        }
    }
}
