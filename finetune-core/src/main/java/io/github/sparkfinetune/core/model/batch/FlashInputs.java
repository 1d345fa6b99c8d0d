package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Inputs of attention within documents. {@code starts} [D + 1], I32, which flash attention reads to compute all
 * documents of a batch in one call, has the index of each document's first token, and the number of tokens.
 * {@code near} [before + 1, 0, after + 1], the window of a layer, has no values: its size says how many tokens a token
 * sees before and after itself, so that a processor need not wait for a GPU to read the numbers. Layers without a
 * window have no {@code near}.
 */
public final class FlashInputs {
    private FlashInputs() {}

    /**
     * Returns the inputs.
     *
     * @param documents number of tokens of each document
     * @param before number of tokens that a token sees before itself, or -1 for no window
     * @param after number of tokens that a token sees after itself
     */
    static Map<String, NDArray> of(NDManager owner, long[] documents, int before, int after) {
        int[] starts = new int[documents.length + 1];
        for (int i = 0; i < documents.length; i++) {
            starts[i + 1] = starts[i] + Math.toIntExact(documents[i]);
        }
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("starts", Tensors.of(owner, starts));
        tensors.putAll(near(owner, before, after));
        return tensors;
    }

    /** Returns the window alone; empty without a window. The numbers are as in {@link #of}. */
    public static Map<String, NDArray> near(NDManager owner, int before, int after) {
        return before < 0
                ? Map.of()
                : Map.of("near", owner.create(new Shape(before + 1L, 0, after + 1L), DataType.FLOAT32));
    }
}
