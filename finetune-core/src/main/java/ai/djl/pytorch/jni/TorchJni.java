package ai.djl.pytorch.jni;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * The only door to DJL's native calls. It stands in DJL's package because {@code PyTorchLibrary} is visible there
 * alone, and it is needed because DJL's public ways to run a method either take tensors only or run in inference mode,
 * whose results can never require a gradient.
 */
public final class TorchJni {
    private TorchJni() {}

    /** Loads a TorchScript archive onto the manager's device. */
    public static PtSymbolBlock load(PtNDManager manager, InputStream archive) throws IOException {
        return JniUtils.loadModule(manager, archive, false, false);
    }

    /** Runs a method under the thread's own gradient mode; the caller closes arguments and result. */
    public static IValue run(PtSymbolBlock module, String method, IValue... arguments) {
        long[] handles = Arrays.stream(arguments).mapToLong(IValue::getHandle).toArray();
        return new IValue(PyTorchLibrary.LIB.moduleRunMethod(module.getHandle(), method, handles, true, false));
    }

    /** Whether operators of this thread record a graph. */
    public static void setGradMode(boolean enabled) {
        JniUtils.setGradMode(enabled);
    }

    /** Threads an operator may use, for the whole process. */
    public static void setNumThreads(int threads) {
        JniUtils.setNumThreads(threads);
    }

    /** Keeps this thread from profiling and re-specialising scripts, which costs more than it gains here. */
    public static void runScriptsAsWritten() {
        JniUtils.setGraphExecutorOptimize(false);
    }

    /** Starts PyTorch's own profiler (CPU). */
    public static void startProfile() {
        JniUtils.startProfile(false, true, false);
    }

    /** Stops the profiler and writes a Chrome trace. */
    public static void stopProfile(String file) {
        JniUtils.stopProfile(file);
    }
}
