package io.github.sparkfinetune.core.tensor;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.TorchJni;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.tokenizer.Offline;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/** PyTorch in this process: start, threads, devices and gradient mode. */
public final class Torch {
    /** Name of the engine in DJL. */
    public static final String ENGINE = "PyTorch";

    private static final int PROBES = 5;

    private static volatile boolean stopped;

    private Torch() {}

    /**
     * Prepares PyTorch for the calling thread. Must be called before the thread's first tensor.
     *
     * @param threads number of threads of an operator; all ranks of one process share the setting
     */
    public static void start(int threads) {
        Offline.ensure();
        try {
            Engine.getEngine(ENGINE);
        } catch (EngineException e) {
            throw RunException.config("PyTorch's native library could not be loaded ("
                    + rootMessage(e)
                    + "): run on Linux x86-64, or set PYTORCH_LIBRARY_PATH, PYTORCH_VERSION and PYTORCH_FLAVOR to your"
                    + " own libtorch");
        }
        ProcessEnd.skipDestructors();
        TorchJni.setNumThreads(threads);
        TorchJni.runScriptsAsWritten();
        TorchJni.setGradMode(false);
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
     */
    public static NDManager manager(int gpu) {
        if (gpu >= Engine.getEngine(ENGINE).getGpuCount()) {
            throw RunException.config("GPU " + gpu + " is not usable here, PyTorch sees "
                    + Engine.getEngine(ENGINE).getGpuCount()
                    + ": install a CUDA build of libtorch (PYTORCH_LIBRARY_PATH, PYTORCH_FLAVOR), or set device: cpu");
        }
        return NDManager.newBaseManager(gpu < 0 ? ai.djl.Device.cpu() : ai.djl.Device.gpu(gpu), ENGINE);
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
