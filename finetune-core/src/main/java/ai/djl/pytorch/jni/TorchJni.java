package ai.djl.pytorch.jni;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The only access to DJL's native calls. It is in DJL's package because {@code PyTorchLibrary} is package-private. It
 * is needed because DJL's public methods either take only tensors or run in inference mode, whose results can never
 * require a gradient.
 */
public final class TorchJni {
    private TorchJni() {}

    /** Loads a TorchScript archive onto the manager's device. */
    public static PtSymbolBlock load(PtNDManager manager, InputStream archive) throws IOException {
        return JniUtils.loadModule(manager, archive, false, false);
    }

    /**
     * Runs a method that returns a tensor or a list of tensors, in the thread's own gradient mode.
     *
     * @param owner manager to which the results are attached
     * @param arguments tensors, lists of tensors, maps from names to tensors, integers, lists of integers (long[]),
     *     floating-point numbers, booleans and strings, in the order of the method's parameters
     */
    public static NDList run(PtSymbolBlock module, PtNDManager owner, String method, Object... arguments) {
        try (IValue result = call(module, method, arguments)) {
            return result.isTensor() ? new NDList(result.toTensor(owner)) : result.toNDList(owner);
        }
    }

    /** Runs a method that returns {@code Dict[str, Tensor]}, as {@link #run}. */
    public static Map<String, NDArray> runNamed(
            PtSymbolBlock module, PtNDManager owner, String method, Object... arguments) {
        try (IValue result = call(module, method, arguments)) {
            Map<String, NDArray> named = new LinkedHashMap<>();
            result.toIValueMap().forEach((name, value) -> {
                try (value) {
                    named.put(name, value.toTensor(owner));
                }
            });
            return named;
        }
    }

    private static IValue call(PtSymbolBlock module, String method, Object... arguments) {
        IValue[] values = new IValue[arguments.length];
        try {
            long[] handles = new long[values.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = value(arguments[i]);
                handles[i] = values[i].getHandle();
            }
            return new IValue(PyTorchLibrary.LIB.moduleRunMethod(module.getHandle(), method, handles, true, false));
        } finally {
            for (IValue value : values) {
                if (value != null) {
                    value.close();
                }
            }
        }
    }

    private static IValue value(Object argument) {
        if (argument instanceof PtNDArray tensor) {
            return IValue.from(tensor);
        } else if (argument instanceof List<?> tensors) {
            return IValue.listFrom(tensors.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
        } else if (argument instanceof Map<?, ?> tensors) {
            Map<String, PtNDArray> map = new LinkedHashMap<>();
            tensors.forEach((name, tensor) -> map.put((String) name, (PtNDArray) tensor));
            return IValue.stringMapFrom(map);
        } else if (argument instanceof Integer || argument instanceof Long) {
            return IValue.from(((Number) argument).longValue());
        } else if (argument instanceof long[] list) {
            return IValue.listFrom(list);
        } else if (argument instanceof Float || argument instanceof Double) {
            return IValue.from(((Number) argument).doubleValue());
        } else if (argument instanceof Boolean flag) {
            return IValue.from(flag);
        } else if (argument instanceof String text) {
            return IValue.from(text);
        }
        throw new IllegalArgumentException("no TorchScript value for " + argument.getClass());
    }

    /** Sets whether operators of this thread record a graph. */
    public static void setGradMode(boolean enabled) {
        JniUtils.setGradMode(enabled);
    }

    /** Sets the number of threads of the operators that this thread calls. */
    public static synchronized void setNumThreads(int threads) {
        JniUtils.setNumThreads(threads);
        // PyTorch gives a thread the newest number of any thread when the thread's first operator asks for it.
        JniUtils.getNumThreads();
    }

    /**
     * Keeps this thread from profiling and re-specialising scripts, which costs more than it gains here. Optimised
     * scripts would also drop writes into the elements of a list that the script creates, such as AdamW's window of a
     * table: PyTorch treats such a write as a write into the list only.
     */
    public static void runScriptsAsWritten() {
        JniUtils.setGraphExecutorOptimize(false);
    }

    /**
     * Returns the memory of a contiguous tensor with at least one value and at most 2 GB, valid as long as the tensor.
     * Java cannot access the memory of a tensor on a GPU.
     */
    public static ByteBuffer memory(PtNDArray tensor) {
        return PyTorchLibrary.LIB.torchDirectByteBuffer(tensor.getHandle());
    }

    /** Returns the folder of PyTorch's libraries. */
    public static Path libraries() {
        return Path.of(LibUtils.getLibtorchPath());
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
