package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;
import java.util.Map;

/**
 * Tensors by which a model pools the rows of each text. For the mean: {@code texts} [N], I64, the number of each row's
 * text, -1 for filler; {@code text_lengths} [B], F32, the number of tokens of each text. For a single token:
 * {@code indices} [B], I64, its row.
 */
final class PooledTexts {
    private PooledTexts() {}

    /**
     * Returns the tensors of some texts.
     *
     * @param lengths number of tokens of each text; the rows of a text follow those of the text before
     * @param rows number of rows, including filler
     */
    static Map<String, NDArray> of(NDManager owner, int[] lengths, int rows, Pooling pooling) {
        int[] first = Batch.firstRows(lengths);
        if (pooling != Pooling.MEAN) {
            long[] indices = new long[lengths.length];
            Arrays.setAll(indices, i -> pooling == Pooling.CLS ? first[i] : first[i] + lengths[i] - 1L);
            return Map.of("indices", Tensors.of(owner, indices));
        }
        long[] texts = new long[rows];
        Arrays.fill(texts, -1);
        float[] counts = new float[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
            Arrays.fill(texts, first[i], first[i] + lengths[i], i);
            counts[i] = lengths[i];
        }
        return Map.of(
                "texts",
                Tensors.of(owner, texts),
                "text_lengths",
                Tensors.of(owner, counts, new Shape(lengths.length)));
    }
}
