package io.github.sparkfinetune.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A block with the inputs of its computation. Every script method of a block takes (x, w, batch, documents, masks):
 * input, weights by local name, the batch's tensors by name, the lengths of its documents, the dropout masks by site.
 * The masks are made for each method.
 *
 * @param script script of the model
 * @param input rows of the embedding table for the first block, else the output of the previous block
 * @param isBySample whether the backward writes the gradients of each sample
 */
public record BlockCall(
        ScriptModule script, Block block, NDArray input, Batch batch, BlockMasks masks, boolean isBySample) {

    /** Name beside the gradients by which the script writes them for each sample. */
    private static final String SAMPLE_ROWS = "sample_rows";

    /** Name of the gradient of the input among the results of {@link #measure}. */
    static final String INPUT_GRADIENT = "input_gradient";

    BlockCall(ScriptModule script, Block block, NDArray input, Batch batch, BlockMasks masks) {
        this(script, block, input, batch, masks, false);
    }

    /**
     * Runs a method that returns the block's output.
     *
     * @param more further arguments of the method
     */
    NDArray run(NDManager owner, String method, Object... more) {
        return withMasks(owner, made -> {
            List<Object> arguments = arguments(made);
            arguments.add(0, input);
            Collections.addAll(arguments, more);
            return script.callOne(owner, method, arguments.toArray());
        });
    }

    /**
     * Computes a layer whose script has its own backward method.
     *
     * @return the output {@code y} and the tensors that {@link #backward} needs, by name
     */
    Map<String, NDArray> keep(NDManager owner) {
        return withMasks(owner, made -> {
            List<Object> arguments = arguments(made);
            arguments.add(0, input);
            return script.callNamed(owner, method("forward"), arguments.toArray());
        });
    }

    /**
     * Differentiates a layer.
     *
     * @param gradient gradient of the loss with respect to the output
     * @param kept result of {@link #keep}
     * @param gradients receive the gradients of {@link Block#differentiated}, with a leading dimension if they are by
     *     sample
     * @param add whether gradients are added to the present values instead of replacing them; gradients of shared
     *     parameters are always added
     * @param needsInputGrad whether the gradient of the input is computed
     */
    Optional<NDArray> backward(
            NDManager owner,
            NDArray gradient,
            Map<String, NDArray> kept,
            List<NDArray> gradients,
            boolean add,
            boolean needsInputGrad) {
        Map<String, NDArray> named = block.byName(gradients);
        if (isBySample) {
            named.put(SAMPLE_ROWS, onCpu(owner, batch.rows()));
        }
        return withMasks(
                owner,
                made -> script
                        .call(
                                owner,
                                method("backward"),
                                backwardArguments(gradient, kept, made, named, add, needsInputGrad))
                        .stream()
                        .findFirst());
    }

    /**
     * Differentiates a layer without writing gradients: adds the squared norms of the samples' gradients to others.
     *
     * @param gradient gradient of the loss with respect to the output
     * @param kept result of {@link #keep}
     * @param gradients any gradients of {@link Block#differentiated}; not read
     * @param squares squared norms of the samples' gradients [samples], F64
     * @param needsInputGrad whether the gradient of the input is computed
     * @return what {@link #addScaled} reads, and {@link #INPUT_GRADIENT}
     */
    Map<String, NDArray> measure(
            NDManager owner,
            NDArray gradient,
            Map<String, NDArray> kept,
            List<NDArray> gradients,
            NDArray squares,
            boolean needsInputGrad) {
        Map<String, NDArray> named = block.byName(gradients);
        long[] samples = batch.samplesOfRows(block);
        int[] rows = new int[batch.rows().length];
        Arrays.stream(samples).forEach(sample -> rows[(int) sample]++);
        named.put(SAMPLE_ROWS, onCpu(owner, rows));
        named.put("sample_of_row", Tensors.of(owner, samples));
        named.put("sample_squares", squares);
        return withMasks(
                owner,
                made -> script.callNamed(
                        owner, method("measure"), backwardArguments(gradient, kept, made, named, needsInputGrad)));
    }

    /**
     * Adds the measured gradients of the samples, each times a factor, to others.
     *
     * @param measured result of {@link #measure}
     * @param factors factor of each sample [samples]
     * @param ofRows factor of each row [rows]
     * @param gradients gradients of {@link Block#differentiated}
     */
    void addScaled(
            NDManager owner, Map<String, NDArray> measured, NDArray factors, NDArray ofRows, List<NDArray> gradients) {
        script.call(owner, "add_scaled", measured, block.byName(gradients), factors, ofRows);
    }

    /**
     * Adds the products of the measured gradients of the samples with those of another call's.
     *
     * @param products [samples, others], F64
     * @param measured result of {@link #measure}
     * @param other another call of the same block
     * @param ofOthers result of the other call's {@link #measure}
     */
    void addProducts(
            NDManager owner,
            NDArray products,
            Map<String, NDArray> measured,
            BlockCall other,
            Map<String, NDArray> ofOthers) {
        NDArray samples = Tensors.of(owner, batch.samplesOfRows(block));
        NDArray others = Tensors.of(owner, other.batch.samplesOfRows(block));
        script.call(owner, "add_products", products, measured, samples, ofOthers, others);
    }

    /** Returns the arguments of a layer's backward, followed by others. */
    private Object[] backwardArguments(
            NDArray gradient, Map<String, NDArray> kept, Map<String, NDArray> made, Object... more) {
        Map<String, NDArray> all = new LinkedHashMap<>(kept);
        all.put("x", input);
        List<Object> arguments = arguments(made);
        arguments.addAll(0, List.of(gradient, all));
        Collections.addAll(arguments, more);
        return arguments.toArray();
    }

    /** Returns the name of a method that the script has for several kinds of blocks. */
    private String method(String name) {
        return switch (block.kind()) {
                    case EMBEDDINGS -> "embeddings_";
                    case LAYER -> "layer_";
                    case HEAD -> "sequence_head_";
                }
                + name;
    }

    /** The script reads these numbers on the CPU. */
    private static NDArray onCpu(NDManager owner, int[] rows) {
        return Tensors.of(
                owner.newSubManager(Device.cpu()),
                Arrays.stream(rows).asLongStream().toArray());
    }

    /** Returns this call with a backward that writes the gradients of each sample. */
    public BlockCall bySample() {
        return new BlockCall(script, block, input, batch, masks, true);
    }

    /** Returns this call with another input. */
    BlockCall with(NDArray other) {
        return new BlockCall(script, block, other, batch, masks, isBySample);
    }

    /** Returns this call with masks that are made already. */
    BlockCall with(Map<String, NDArray> made) {
        return new BlockCall(script, block, input, batch, new BlockMasks.Made(made), isBySample);
    }

    private <T> T withMasks(NDManager owner, Function<Map<String, NDArray>, T> call) {
        try (NDManager making = owner.newSubManager()) {
            return call.apply(masks.make(making));
        }
    }

    private List<Object> arguments(Map<String, NDArray> made) {
        List<Object> arguments = new ArrayList<>();
        arguments.add(block.weights());
        arguments.addAll(batch.arguments(block));
        arguments.add(made);
        return arguments;
    }
}
