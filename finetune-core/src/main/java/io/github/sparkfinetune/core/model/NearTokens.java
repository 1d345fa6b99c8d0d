package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Masks of layers whose tokens attend to the w tokens to either side only: 0 where a query sees a key and -inf
 * elsewhere. There is one of two, whichever lets attention compute less: {@code band} [n, 1, 2 w, 4 w] of n blocks of
 * all tokens, each with the w tokens around it; or {@code window.L} [L, L] for each length L of texts that reach
 * further.
 */
final class NearTokens {
    private NearTokens() {}

    static Map<String, NDArray> masks(NDManager owner, AttentionCalls calls, EncoderArchitecture architecture) {
        int window = architecture.window();
        long[] documents = Batch.lengths(calls.documents());
        long tokens = Arrays.stream(documents).sum();
        long pairs = Arrays.stream(documents).map(length -> length * length).sum();
        boolean anyIsFar = Arrays.stream(documents).anyMatch(length -> length - 1 > window);
        // Dropped probabilities, and texts with padding, are computed text by text.
        boolean isByText = calls.isPadded() || architecture.shape().dropout().probs() > 0;
        return anyIsFar && !isByText && tokens * 4 * window < pairs
                ? Map.of("band", band(owner, documents, window))
                : windows(owner, documents, window);
    }

    /** Returns the masks of texts that reach further than a window to either side, 0 for none. */
    static Map<String, NDArray> windows(NDManager owner, long[] documents, int window) {
        return window == 0 ? Map.of() : windows(owner, documents, window, window);
    }

    /**
     * Returns the masks of documents that reach further than their tokens see.
     *
     * @param before tokens that a token sees before itself
     * @param after tokens that it sees after itself
     */
    static Map<String, NDArray> windows(NDManager owner, long[] documents, int before, int after) {
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

    /** Returns the mask of all texts at once. */
    static NDArray band(NDManager owner, long[] documents, int window) {
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
                // The first token that the query's block has around it.
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
