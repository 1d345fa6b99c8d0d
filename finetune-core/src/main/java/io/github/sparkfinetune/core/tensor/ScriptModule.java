package io.github.sparkfinetune.core.tensor;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.TorchJni;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * TorchScript methods that Java calls by name. They give access to all of PyTorch's operators. {@code torch.grad} runs
 * inside a method, so that a caller holds the gradients of one layer at a time.
 *
 * <p>May be called from several threads. Each thread has its own gradient mode. Every call throws a
 * {@link java.util.concurrent.CancellationException} after {@link Torch#stop}.
 */
public final class ScriptModule {
    /** Observer of all modules, for tests. */
    private static volatile ScriptObserver observer = ScriptObserver.NONE;

    private final PtSymbolBlock module;
    private final ScriptSource source;

    private ScriptModule(PtSymbolBlock module, ScriptSource source) {
        this.module = module;
        this.source = source;
    }

    /**
     * Loads the methods of Python modules and of their imports as one TorchScript module.
     *
     * @param manager manager that decides the device; the module is usable until the manager is closed
     * @param modules names for Python's import, e.g. {@code core.model.linear} for the resource
     *     {@code io/github/sparkfinetune/core/model/linear.py}
     * @param attributes values of all annotated attributes of the classes: {@code int} as Integer or Long,
     *     {@code float} as Float or Double, {@code bool} as Boolean, {@code str} as String; other attributes are
     *     ignored
     * @throws IllegalArgumentException if PyTorch refuses the script; the message names file, line and method
     */
    public static ScriptModule load(NDManager manager, List<String> modules, Map<String, Object> attributes) {
        Map<String, Object> observed = observer.attributes(attributes);
        CompiledScripts.Script script = CompiledScripts.get(manager, modules, observed);
        observer.loaded(script.module(), modules, observed);
        return new ScriptModule(script.module(), script.source());
    }

    /** Sets the observer of all modules. */
    static void observe(ScriptObserver all) {
        observer = all;
    }

    /**
     * Runs a method that returns a tensor or a list of tensors.
     *
     * @param owner manager to which the results are attached
     * @param method name of the method
     * @param arguments tensors, lists of tensors, maps from names to tensors, integers (int, long), lists of integers
     *     (long[]), floating-point numbers (float, double), booleans and strings, in the order of the method's
     *     parameters
     */
    public NDList call(NDManager owner, String method, Object... arguments) {
        NDList results = run(method, () -> TorchJni.run(module, (PtNDManager) owner, method, arguments));
        observer.called(module, method, arguments, results);
        return results;
    }

    /** Runs a method that returns tensors by name. */
    public Map<String, NDArray> callNamed(NDManager owner, String method, Object... arguments) {
        Map<String, NDArray> results =
                run(method, () -> TorchJni.runNamed(module, (PtNDManager) owner, method, arguments));
        observer.calledNamed(module, method, arguments, results);
        return results;
    }

    private <T> T run(String method, Supplier<T> call) {
        Torch.checkStopped();
        try {
            return call.get();
        } catch (EngineException e) {
            throw new IllegalStateException(method + ": " + source.explain(e.getMessage()), e);
        }
    }

    /** Runs a method that returns one tensor. */
    public NDArray callOne(NDManager owner, String method, Object... arguments) {
        return call(owner, method, arguments).singletonOrThrow();
    }

    /**
     * Overwrites a tensor in place. ({@code NDArray.set} would point the tensor to the source's memory instead.)
     *
     * @param target tensor whose views and gradient state stay valid
     * @param source direct buffer with as many values of the target's type, in native order; may be a mapped file
     */
    public void write(NDArray target, ByteBuffer source) {
        try (NDManager owner = target.getManager().newSubManager()) {
            call(owner, "copy", target, owner.create(source, target.getShape(), target.getDataType()));
        }
    }
}
