package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Texts side by side in one row of N tokens, which attend to themselves alone: what an encoder reads of them. Positions
 * {@code positions} [N], I64, begin anew in each. Where some of its layers attend to the w tokens to either side alone,
 * there is one of two masks, 0 where a query sees a key and -inf elsewhere, whichever lets the attention compute less:
 * {@code band} [n, 1, 2 w, 4 w] of n blocks of the row, each with the w tokens around it; or for each length L of texts
 * that reach further {@code window.L} [L, L]. Where padding counts, {@code padding.S} [L] is such a mask of the text
 * that begins at S.
 */
final class UnpaddedTexts {
    private final NDManager owner;
    private final List<Sample> samples;
    private final EncoderArchitecture architecture;
    private final long[] documents;
    private final Map<String, NDArray> tensors = new LinkedHashMap<>();

    private UnpaddedTexts(NDManager owner, List<Sample> samples, int counted, EncoderArchitecture architecture) {
        this.owner = owner;
        this.samples = samples;
        this.architecture = architecture;
        this.documents = samples.stream()
                .mapToLong(sample -> Math.max(counted, sample.length()))
                .toArray();
    }

    /**
     * Lays out samples.
     *
     * @param owner of the batch's tensors
     * @param samples not empty, none longer than the model allows
     * @param counted tokens that count of every sample, 0 for its own
     */
    static PaddedBatch of(NDManager owner, List<Sample> samples, int counted, EncoderArchitecture architecture) {
        int length = PaddedBatch.longest(samples, counted, architecture.shape());
        UnpaddedTexts texts = new UnpaddedTexts(owner, samples, counted, architecture);
        NDArray ids = texts.fill();
        if (architecture.window() > 0) {
            texts.hideTheFar(counted > 0);
        }
        return new PaddedBatch(List.copyOf(samples), length, counted, ids, texts.tensors, texts.documents);
    }

    /** The tokens, their positions, and what of them is padding. */
    private NDArray fill() {
        int tokens = Math.toIntExact(Arrays.stream(documents).sum());
        long[] ids = new long[tokens];
        long[] positions = new long[tokens];
        Arrays.fill(ids, architecture.shape().paddingId());
        int start = 0;
        for (int row = 0; row < documents.length; row++) {
            int[] of = samples.get(row).inputIds();
            int length = Math.toIntExact(documents[row]);
            for (int t = 0; t < length; t++) {
                positions[start + t] = t;
            }
            for (int t = 0; t < of.length; t++) {
                ids[start + t] = of[t];
            }
            if (of.length < length) {
                float[] padding = new float[length];
                Arrays.fill(padding, of.length, length, Float.NEGATIVE_INFINITY);
                tensors.put("padding." + start, Tensors.of(owner, padding, new Shape(length)));
            }
            start += length;
        }
        tensors.put("positions", Tensors.of(owner, positions));
        return Tensors.of(owner, ids);
    }

    /** @param padded whether padding counts, which only texts of their own can tell apart */
    private void hideTheFar(boolean padded) {
        EncoderShape shape = architecture.shape();
        int window = architecture.window();
        long tokens = Arrays.stream(documents).sum();
        long pairs = Arrays.stream(documents).map(length -> length * length).sum();
        boolean anyIsFar = Arrays.stream(documents).anyMatch(length -> length - 1 > window);
        // Dropped probabilities are computed text by text.
        if (anyIsFar && !padded && shape.probsDropout() == 0 && tokens * 4 * window < pairs) {
            tensors.put("band", band(owner, documents, window));
        } else {
            tensors.putAll(windows(owner, documents, window));
        }
    }

    /** The masks of texts that reach further than a window, 0 for none. */
    static Map<String, NDArray> windows(NDManager owner, long[] documents, int window) {
        Map<String, NDArray> windows = new LinkedHashMap<>();
        for (long length : documents) {
            if (window > 0 && length - 1 > window) {
                windows.computeIfAbsent("window." + length, key -> window(owner, Math.toIntExact(length), window));
            }
        }
        return windows;
    }

    private static NDArray window(NDManager owner, int length, int window) {
        float[] bias = new float[length * length];
        Arrays.fill(bias, Float.NEGATIVE_INFINITY);
        for (int query = 0; query < length; query++) {
            int first = Math.max(0, query - window);
            int end = Math.min(length, query + window + 1);
            Arrays.fill(bias, query * length + first, query * length + end, 0);
        }
        return Tensors.of(owner, bias, new Shape(length, length));
    }

    /** The mask of all texts at once. */
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
