package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.TorchJni;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * TorchScript methods that Java calls by name. Through them all of PyTorch's operators are reachable, and
 * {@code torch.grad} runs inside them, so that a caller holds the gradients of one layer at a time.
 *
 * <p>May be called from several threads; the gradient mode is each thread's own.
 */
public final class ScriptModule implements AutoCloseable {
    private final PtSymbolBlock module;

    private ScriptModule(PtSymbolBlock module) {
        this.module = module;
    }

    /**
     * Loads the methods of several resources as one module.
     *
     * @param manager owner of the module's native part, and its device
     * @param resources absolute names of class-path resources with the text of methods
     */
    public static ScriptModule load(NDManager manager, List<String> resources) {
        List<String> texts = new ArrayList<>();
        try {
            for (String resource : resources) {
                try (InputStream text = ScriptModule.class.getResourceAsStream(resource)) {
                    if (text == null) {
                        throw new IllegalArgumentException("no resource " + resource);
                    }
                    texts.add(new String(text.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
            return new ScriptModule(
                    TorchJni.load((PtNDManager) manager, new ByteArrayInputStream(ScriptArchive.of(texts))));
        } catch (IOException e) {
            throw new UncheckedIOException("loading " + resources, e);
        }
    }

    /**
     * Runs a method that returns a tensor or a list of tensors.
     *
     * @param owner manager that the results are attached to
     * @param method name of the method
     * @param arguments tensors, lists of tensors, maps from names to tensors, integers (int, long), lists of integers
     *     (long[]), floating-point numbers (float, double), booleans and strings, in the order of its parameters
     */
    public NDList call(NDManager owner, String method, Object... arguments) {
        return TorchJni.run(module, (PtNDManager) owner, method, arguments);
    }

    /** Runs a method that returns one tensor. */
    public NDArray callOne(NDManager owner, String method, Object... arguments) {
        return call(owner, method, arguments).singletonOrThrow();
    }

    /**
     * Overwrites an F32 tensor in place. ({@code NDArray.set} would make it point to the source's memory instead.)
     *
     * @param target written; views of it and its gradient state stay valid
     * @param source as many floats in native order, direct; a mapped file will do
     */
    public void write(NDArray target, ByteBuffer source) {
        try (NDManager owner = target.getManager().newSubManager()) {
            call(owner, "copy", target, owner.create(source, target.getShape(), DataType.FLOAT32));
        }
    }

    @Override
    public void close() {
        module.close();
    }
}
