package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;
import java.util.Map;

/**
 * Mask of layers whose tokens attend only to the w tokens on either side: {@code band} [n, 1, 2 w, 4 w] for n blocks of
 * the tokens of all texts, each block with the w tokens around it, 0 where a query sees a key, else -inf. Without it,
 * attention is computed text by text, with the window of {@link FlashInputs}.
 */
public final class NearTokens {
    private NearTokens() {}

    /** Returns the mask if attention of all texts at once computes less than text by text without a window. */
    static Map<String, NDArray> band(NDManager owner, AttentionCalls calls, EncoderArchitecture architecture) {
        int window = architecture.window();
        long[] documents = Batch.lengths(calls.documents());
        long tokens = Arrays.stream(documents).sum();
        long pairs = Arrays.stream(documents).map(length -> length * length).sum();
        boolean anyIsFar = Arrays.stream(documents).anyMatch(length -> length - 1 > window);
        return anyIsFar && tokens * 4 * window < pairs ? Map.of("band", band(owner, documents, window)) : Map.of();
    }

    /** Returns the mask over all texts. */
    public static NDArray band(NDManager owner, long[] documents, int window) {
        int tokens = Math.toIntExact(Arrays.stream(documents).sum());
        int size = 2 * window;
        int blocks = (tokens + size - 1) / size;
        float[] bias = new float[blocks * size * 2 * size];
        int start = 0;
        for (long document : documents) {
            int end = start + Math.toIntExact(document);
            for (int query = start; query < end; query++) {
                int firstSeen = Math.max(start, query - window);
                int endSeen = Math.min(end, query + window + 1);
                // First token in the range of keys of the query's block.
                int around = query / size * size - window;
                int row = query * 2 * size;
                Arrays.fill(bias, row, row + firstSeen - around, Float.NEGATIVE_INFINITY);
                Arrays.fill(bias, row + endSeen - around, row + 2 * size, Float.NEGATIVE_INFINITY);
            }
            start = end;
        }
        return Tensors.of(owner, bias, new Shape(blocks, 1, size, 2L * size));
    }
}
