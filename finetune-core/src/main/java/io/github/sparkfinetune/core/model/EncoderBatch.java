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
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Builds the batches of encoders.
 *
 * <p>Tensors: token type ids {@code types} and {@code positions} [N], {@code first} [B], the row of each sample's first
 * token, and of a masked language model {@code places} [M] of the tokens with a label, all I64; {@code attention_mask}
 * [N], F32, 0 at padding, where padding counts. What attention reads of its calls: see {@link AttentionCalls} and, for
 * families with a window, {@link NearTokens}. Targets: their labels.
 */
final class EncoderBatch {
    private final NDManager owner;
    private final EncoderArchitecture architecture;
    private final EncoderShape shape;
    private final List<Sample> samples;
    private final int[] rows;
    private final int[] firstRows;
    private final int[] lengths;
    private final int tokens;
    private final Map<String, NDArray> tensors = new LinkedHashMap<>();

    private EncoderBatch(
            NDManager owner, EncoderArchitecture architecture, List<Sample> samples, int counted, int multiple) {
        this.owner = owner;
        this.architecture = architecture;
        this.shape = architecture.shape();
        this.samples = List.copyOf(samples);
        this.lengths = samples.stream().mapToInt(Sample::length).toArray();
        this.rows =
                Arrays.stream(lengths).map(length -> Math.max(counted, length)).toArray();
        this.firstRows = Batch.firstRows(rows);
        int longest = Arrays.stream(rows).max().orElseThrow();
        if (longest > shape.maxLength()) {
            throw new IllegalArgumentException(
                    "a sample of " + longest + " tokens, the model takes " + shape.maxLength());
        }
        int all = Arrays.stream(rows).sum();
        this.tokens = (all + multiple - 1) / multiple * multiple;
    }

    /**
     * Lays out samples.
     *
     * @param owner of the batch's tensors
     * @param samples not empty, none longer than the model allows
     * @param counted tokens that count of every sample, padding among them; 0 for its own
     * @param multiple what the number of tokens is a multiple of
     * @param isMaskedLm whether tokens with a label are predicted
     */
    static Batch of(
            NDManager owner,
            EncoderArchitecture architecture,
            List<Sample> samples,
            int counted,
            int multiple,
            boolean isMaskedLm) {
        return new EncoderBatch(owner, architecture, samples, counted, multiple).build(isMaskedLm);
    }

    private Batch build(boolean isMaskedLm) {
        NDArray ids = fill();
        AttentionCalls calls = AttentionCalls.of(lengths, rows, tokens, architecture.padsAttention());
        tensors.putAll(calls.tensors(owner));
        if (architecture.window() > 0) {
            tensors.putAll(NearTokens.masks(owner, calls, architecture));
        }
        LongStream targets = LongStream.empty();
        if (isMaskedLm) {
            tensors.put("places", Tensors.of(owner, labelled().toArray()));
            targets = samples.stream()
                    .flatMapToInt(sample -> Arrays.stream(sample.labels()))
                    .filter(label -> label != Sample.IGNORED)
                    .asLongStream();
        }
        return new Batch(
                samples, ids, rows, calls.documents(), tensors, List.of(), Tensors.of(owner, targets.toArray()));
    }

    /** Puts positions, types and the first rows of samples, and returns token ids. */
    private NDArray fill() {
        long[] ids = new long[tokens];
        long[] types = new long[tokens];
        long[] positions = new long[tokens];
        float[] mask = new float[tokens];
        for (int i = 0; i < rows.length; i++) {
            fill(firstRows[i], samples.get(i), rows[i], ids, types, positions);
            Arrays.fill(mask, firstRows[i], firstRows[i] + lengths[i], 1);
        }
        int last = rows.length - 1;
        int end = firstRows[last] + rows[last];
        // A token whose rows of the tables get a gradient anyway.
        Arrays.fill(ids, end, tokens, ids[firstRows[last]]);
        Arrays.fill(positions, end, tokens, positions[firstRows[last]]);
        Arrays.fill(mask, end, tokens, 1);
        tensors.put("types", Tensors.of(owner, types));
        tensors.put("positions", Tensors.of(owner, positions));
        tensors.put(
                "first",
                Tensors.of(owner, Arrays.stream(firstRows).asLongStream().toArray()));
        if (!Arrays.equals(lengths, rows)) {
            tensors.put("attention_mask", Tensors.of(owner, mask, new Shape(tokens)));
        }
        return Tensors.of(owner, ids);
    }

    private void fill(int at, Sample sample, int length, long[] ids, long[] types, long[] positions) {
        // RoBERTa counts positions over the tokens that are not padding; a padding id in mid-text stays at the padding
        // position. BERT counts all.
        int next = shape.tables().firstPosition();
        for (int t = 0; t < length; t++) {
            boolean token = t < sample.length();
            int id = token ? sample.inputIds()[t] : shape.paddingId();
            ids[at + t] = id;
            types[at + t] = token ? sample.tokenTypeIds()[t] : 0;
            if (shape.tables().firstPosition() == 0) {
                positions[at + t] = t;
            } else {
                positions[at + t] = id == shape.paddingId() ? shape.paddingId() : next++;
            }
        }
    }

    /** Rows of the tokens with a label. */
    private LongStream labelled() {
        return IntStream.range(0, rows.length).boxed().flatMapToLong(i -> {
            int[] labels = samples.get(i).labels();
            return IntStream.range(0, labels.length)
                    .filter(t -> labels[t] != Sample.IGNORED)
                    .mapToLong(t -> firstRows[i] + (long) t);
        });
    }
}
