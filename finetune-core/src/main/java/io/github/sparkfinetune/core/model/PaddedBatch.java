package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Samples of which a head that tells each token's class gives outputs padded on the right to one length. Most families
 * compute them padded too; in others N tokens of all samples lie side by side, see {@link UnpaddedTexts}.
 *
 * @param samples the samples, B of them
 * @param length T, the longest sample's length, or what it is padded to; where hidden states are padded too and padding
 *     does not count, rounded up to a multiple of 8
 * @param counted tokens that count of every sample: padding up to there is computed as tokens are, with masks of its
 *     own
 * @param ids token ids [B, T] or [N], I64, padded with the model's padding id
 * @param tensors what the text reads: token type ids {@code types} [B, T] and {@code positions} [B, T], I64, and where
 *     a sample is padded {@code bias} [B, 1, 1, T]: 0 for a token, -inf for padding; where only tokens with a label are
 *     told, their {@code places} [M] in the rows of hidden states, I64
 * @param documents tokens of each sample, those that only count among them, where they lie side by side; else empty
 */
public record PaddedBatch(
        List<Sample> samples, int length, int counted, NDArray ids, Map<String, NDArray> tensors, long[] documents)
        implements Batch {

    private static final int LENGTH_MULTIPLE = 8;

    /**
     * Pads samples.
     *
     * @param manager owner of the batch's tensors
     * @param samples not empty, none longer than the model allows
     * @param counted tokens that count of every sample, 0 for its own
     */
    public static PaddedBatch of(NDManager manager, List<Sample> samples, int counted, EncoderShape shape) {
        int longest = longest(samples, counted, shape);
        // Padding that counts may attend to all padding, as DeBERTa's does: there must be no more of it.
        int length = counted > 0
                ? longest
                : Math.min(shape.maxLength(), (longest + LENGTH_MULTIPLE - 1) / LENGTH_MULTIPLE * LENGTH_MULTIPLE);
        int cells = Math.multiplyExact(samples.size(), length);
        long[] ids = new long[cells];
        long[] types = new long[cells];
        long[] positions = new long[cells];
        float[] bias = new float[cells];
        boolean padded = false;
        for (int row = 0; row < samples.size(); row++) {
            Sample sample = samples.get(row);
            padded |= sample.length() < length;
            fill(row * length, length, sample, shape, ids, types, positions);
            Arrays.fill(bias, row * length + sample.length(), (row + 1) * length, Float.NEGATIVE_INFINITY);
        }
        Shape cellsShape = new Shape(samples.size(), length);
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("types", Tensors.of(manager, types, cellsShape));
        tensors.put("positions", Tensors.of(manager, positions, cellsShape));
        if (padded) {
            tensors.put("bias", Tensors.of(manager, bias, new Shape(samples.size(), 1, 1, length)));
        }
        return new PaddedBatch(
                List.copyOf(samples), length, counted, Tensors.of(manager, ids, cellsShape), tensors, new long[0]);
    }

    /** Tokens of the longest sample, at least what counts of every one. */
    static int longest(List<Sample> samples, int counted, EncoderShape shape) {
        int longest = Math.max(
                counted, samples.stream().mapToInt(Sample::length).max().orElseThrow());
        if (longest > shape.maxLength()) {
            throw new IllegalArgumentException(
                    "a sample of " + longest + " tokens, the model takes " + shape.maxLength());
        }
        return longest;
    }

    /** The same with the places of the tokens with a label. */
    PaddedBatch withPlaces(NDManager manager) {
        int[] firstRows = firstRows();
        long[] places = IntStream.range(0, samples.size())
                .flatMap(row -> labelled(samples.get(row)).map(t -> firstRows[row] + t))
                .asLongStream()
                .toArray();
        Map<String, NDArray> more = new LinkedHashMap<>(tensors);
        more.put("places", Tensors.of(manager, places));
        return new PaddedBatch(samples, length, counted, ids, more, documents);
    }

    /** Places of a sample's tokens with a label. */
    private static IntStream labelled(Sample sample) {
        int[] labels = sample.labels();
        return IntStream.range(0, labels.length).filter(t -> labels[t] != Sample.IGNORED);
    }

    /** Labels of the tokens that have one, sample after sample [M], I64. */
    public NDArray targets(NDManager owner) {
        return Tensors.of(
                owner,
                samples.stream()
                        .flatMapToInt(sample -> labelled(sample).map(t -> sample.labels()[t]))
                        .asLongStream()
                        .toArray());
    }

    boolean isUnpadded() {
        return documents.length > 0;
    }

    @Override
    public int[] firstRows() {
        int[] rows = new int[samples.size()];
        for (int i = 1; i < rows.length; i++) {
            rows[i] = isUnpadded() ? rows[i - 1] + Math.toIntExact(documents[i - 1]) : i * length;
        }
        return rows;
    }

    @Override
    public List<Object> arguments(Block block) {
        return isUnpadded() ? List.of(tensors, documents) : List.of(tensors);
    }

    private static void fill(
            int at, int length, Sample sample, EncoderShape shape, long[] ids, long[] types, long[] positions) {
        // RoBERTa counts positions over the tokens that are not padding; a padding id in mid-text stays at the padding
        // position. BERT counts all.
        int next = shape.firstPosition();
        for (int t = 0; t < length; t++) {
            boolean token = t < sample.length();
            int id = token ? sample.inputIds()[t] : shape.paddingId();
            ids[at + t] = id;
            types[at + t] = token ? sample.tokenTypeIds()[t] : 0;
            if (shape.firstPosition() == 0) {
                positions[at + t] = t;
            } else {
                positions[at + t] = id == shape.paddingId() ? shape.paddingId() : next++;
            }
        }
    }
}
