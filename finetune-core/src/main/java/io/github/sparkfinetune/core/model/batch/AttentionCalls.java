package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Grouping of a batch's texts into an encoder's attention calls. Either each text has its own call, or texts of similar
 * length share one call, padded to one length; {@link Batch#ALIKE} says which lengths are similar. Short texts then do
 * not cost one call each, and long texts get little padding.
 *
 * <p>Tensors over the P tokens of all calls: {@code pad} [P], I64, the row of each token; padding has the row of its
 * text's first token. {@code unpad} [N], I64, the index in {@code pad} of each row. Both are missing if calls and rows
 * have the same order. {@code bias} [P], F32, is 0 at a token and -inf at padding; it is missing without padding.
 */
record AttentionCalls(List<Batch.Document> documents, int[] lengths, int[] rows, int tokens) {
    private static final int MULTIPLE = 8;

    /**
     * Groups the texts of a batch.
     *
     * @param lengths number of tokens of each text
     * @param rows number of tokens of each text, including counted padding
     * @param tokens number of tokens of all texts, plus tokens that belong to no text
     * @param pads whether texts of similar length share a call
     */
    static AttentionCalls of(int[] lengths, int[] rows, int tokens, boolean pads) {
        List<Batch.Document> documents = new ArrayList<>();
        if (!pads || Arrays.stream(rows).distinct().count() == 1) {
            for (int i = 0; i < rows.length; i++) {
                documents.add(new Batch.Document(i, 0, rows[i]));
            }
        } else {
            List<Integer> texts = IntStream.range(0, rows.length)
                    .boxed()
                    .sorted(Comparator.comparingInt(i -> group(rows[i])))
                    .toList();
            int from = 0;
            while (from < texts.size()) {
                int group = group(rows[texts.get(from)]);
                int to = from;
                int longest = 0;
                while (to < texts.size() && group(rows[texts.get(to)]) == group) {
                    longest = Math.max(longest, rows[texts.get(to++)]);
                }
                int length = (longest + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
                texts.subList(from, to).forEach(i -> documents.add(new Batch.Document(i, 0, length)));
                from = to;
            }
        }
        int all = Arrays.stream(rows).sum();
        if (all < tokens) {
            documents.add(new Batch.Document(-1, 0, tokens - all));
        }
        return new AttentionCalls(List.copyOf(documents), lengths, rows, tokens);
    }

    private static int group(int length) {
        return Batch.roundedUp(length, Batch.ALIKE);
    }

    /** Returns whether a call, or a text, has padding. */
    boolean isPadded() {
        return documents.stream()
                .anyMatch(document -> document.sample() >= 0 && document.length() > lengths[document.sample()]);
    }

    /** Returns the tensors that the script reads. */
    Map<String, NDArray> tensors(NDManager owner) {
        int padded = documents.stream().mapToInt(Batch.Document::length).sum();
        long[] pad = new long[padded];
        long[] unpad = new long[tokens];
        float[] bias = new float[padded];
        int[] firstRows = Batch.firstRows(rows);
        int at = 0;
        for (Batch.Document document : documents) {
            boolean isText = document.sample() >= 0;
            int own = isText ? rows[document.sample()] : document.length();
            int start = isText ? firstRows[document.sample()] : tokens - own;
            int real = isText ? lengths[document.sample()] : own;
            for (int t = 0; t < document.length(); t++) {
                pad[at + t] = t < own ? start + t : start;
                if (t < own) {
                    unpad[start + t] = (long) at + t;
                }
            }
            Arrays.fill(bias, at + real, at + document.length(), Float.NEGATIVE_INFINITY);
            at += document.length();
        }
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        boolean isOrdered = padded == tokens && IntStream.range(0, padded).allMatch(i -> pad[i] == i);
        if (!isOrdered) {
            tensors.put("pad", Tensors.of(owner, pad));
            tensors.put("unpad", Tensors.of(owner, unpad));
        }
        if (isPadded()) {
            tensors.put("bias", Tensors.of(owner, bias, new Shape(padded)));
        }
        return tensors;
    }
}
