package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Masks of layers whose tokens attend only to the w tokens on either side: 0 where a query sees a key, else -inf. There
 * are two forms; the form for which attention computes less is used. {@code band} [n, 1, 2 w, 4 w] covers n blocks of
 * all tokens, each block with the w tokens around it. {@code window.L} [L, L] is for each length L of texts that are
 * longer than the window.
 */
public final class NearTokens {
    private NearTokens() {}

    /** @param isByText whether attention is computed text by text */
    static Map<String, NDArray> masks(
            NDManager owner, AttentionCalls calls, EncoderArchitecture architecture, boolean isByText) {
        int window = architecture.window();
        long[] documents = Batch.lengths(calls.documents());
        long tokens = Arrays.stream(documents).sum();
        long pairs = Arrays.stream(documents).map(length -> length * length).sum();
        boolean anyIsFar = Arrays.stream(documents).anyMatch(length -> length - 1 > window);
        return anyIsFar && !isByText && tokens * 4 * window < pairs
                ? Map.of("band", band(owner, documents, window))
                : windows(owner, documents, window);
    }

    /** Returns the masks of texts that are longer than a window on either side; a window of 0 means no window. */
    public static Map<String, NDArray> windows(NDManager owner, long[] documents, int window) {
        return window == 0 ? Map.of() : windows(owner, documents, window, window);
    }

    /**
     * Returns the masks of documents that are longer than the range that their tokens see.
     *
     * @param before number of tokens that a token sees before itself
     * @param after number of tokens that a token sees after itself
     */
    public static Map<String, NDArray> windows(NDManager owner, long[] documents, int before, int after) {
        Map<String, NDArray> windows = new LinkedHashMap<>();
        for (long length : documents) {
            if (length - 1 > before) {
                windows.computeIfAbsent(
                        "window." + length, key -> window(owner, Math.toIntExact(length), before, after));
            }
        }
        return windows;
    }

    private static NDArray window(NDManager owner, int length, int before, int after) {
        float[] bias = new float[length * length];
        Arrays.fill(bias, Float.NEGATIVE_INFINITY);
        for (int query = 0; query < length; query++) {
            int first = Math.max(0, query - before);
            int end = Math.min(length, query + after + 1);
            Arrays.fill(bias, query * length + first, query * length + end, 0);
        }
        return Tensors.of(owner, bias, new Shape(length, length));
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
