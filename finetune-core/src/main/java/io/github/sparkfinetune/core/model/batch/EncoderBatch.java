package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Builds the batches of encoders. Each document of a sample is a text by itself, except in a masked language model.
 *
 * <p>Tensors: token type ids {@code types} [N]; {@code positions} [N]; {@code first} [B], the row of each text's first
 * token; for a masked language model {@code places} [M], the rows of the tokens with a label. All are I64. With counted
 * padding also {@code attention_mask} [N], F32, 0 at padding. {@link AttentionCalls} describes the tensors of
 * attention, {@link PooledTexts} those of embeddings, {@link NearTokens} those of families with a window,
 * {@link FlashInputs} those of flash attention. Layers with rotary positions also have the tensors of
 * {@link Rotations}. The targets are the labels of the rows in {@code places}.
 */
public final class EncoderBatch {
    private final NDManager owner;
    private final EncoderArchitecture architecture;
    private final ModelShape shape;
    private final Rotations rotations;
    private final List<Sample> samples;
    private final List<BatchText> texts;
    private final int[] rows;
    private final int[] firstRows;
    private final int[] lengths;
    private final int tokens;
    private final Map<String, NDArray> tensors = new LinkedHashMap<>();

    private EncoderBatch(
            NDManager owner,
            EncoderArchitecture architecture,
            Rotations rotations,
            List<Sample> samples,
            List<BatchText> texts,
            int counted,
            int multiple) {
        this.owner = owner;
        this.architecture = architecture;
        this.rotations = rotations;
        this.shape = architecture.shape();
        this.samples = List.copyOf(samples);
        this.texts = texts;
        this.lengths = texts.stream().mapToInt(BatchText::length).toArray();
        this.rows =
                Arrays.stream(lengths).map(length -> Math.max(counted, length)).toArray();
        this.firstRows = Batch.firstRows(rows);
        int longest = Arrays.stream(rows).max().orElseThrow();
        if (longest > shape.maxLength()) {
            throw new IllegalArgumentException(
                    "a text has " + longest + " tokens, the model takes at most " + shape.maxLength());
        }
        int all = Arrays.stream(rows).sum();
        this.tokens = Batch.roundedUp(all, multiple);
    }

    /**
     * Builds a batch of samples.
     *
     * @param owner owner of the batch's tensors
     * @param rotations rotary positions of the layers
     * @param samples samples, not empty, none longer than the model's maximum
     * @param counted minimum number of tokens of each sample, including counted padding; 0 for no padding
     * @param multiple divisor of the number of rows
     * @param head head of the model; a masked language model sees all documents of a sample as one text
     * @param pooling choice of the rows of an embedding; unused by other heads
     * @param isFlash whether the model computes attention by flash attention
     */
    public static Batch of(
            NDManager owner,
            EncoderArchitecture architecture,
            Rotations rotations,
            List<Sample> samples,
            int counted,
            int multiple,
            HeadKind head,
            Pooling pooling,
            boolean isFlash) {
        List<BatchText> texts =
                head == HeadKind.MASKED_LM ? BatchText.ofSamples(samples) : BatchText.ofDocuments(samples);
        return new EncoderBatch(owner, architecture, rotations, samples, texts, counted, multiple)
                .build(head, pooling, isFlash);
    }

    private Batch build(HeadKind head, Pooling pooling, boolean isFlash) {
        NDArray ids = fill();
        AttentionCalls calls = AttentionCalls.of(lengths, rows, tokens, architecture.padsAttention());
        tensors.putAll(calls.tensors(owner));
        // With dropout of probabilities, or with padding, attention is computed text by text.
        boolean isByText = calls.isPadded() || architecture.shape().dropout().probs() > 0;
        int window = architecture.window() == 0 ? -1 : architecture.window();
        // The script decides for each call whether probabilities are dropped.
        boolean canBeFlash = Arrays.equals(lengths, rows) && (architecture.padsAttention() || !isByText);
        tensors.putAll(
                canBeFlash
                        ? FlashInputs.of(owner, lengthsWithFiller(), window, window)
                        : FlashInputs.near(owner, window, window));
        if (window >= 0 && !isByText && !isFlash) {
            tensors.putAll(NearTokens.band(owner, calls, architecture));
        }
        LongStream targets = LongStream.empty();
        if (head == HeadKind.EMBEDDING) {
            tensors.putAll(PooledTexts.of(owner, lengths, tokens, pooling));
        }
        if (head == HeadKind.MASKED_LM) {
            tensors.put("indices", Tensors.of(owner, labelled().toArray()));
            targets = samples.stream()
                    .flatMapToInt(sample -> Arrays.stream(sample.labels()))
                    .filter(label -> label != Sample.IGNORED)
                    .asLongStream();
        }
        return new Batch(
                samples,
                ids,
                BatchText.rows(texts, rows, samples.size()),
                calls.documents().stream()
                        .map(call -> BatchText.document(texts, call))
                        .toList(),
                tensors,
                layers(),
                Tensors.of(owner, targets.toArray()));
    }

    /** Returns the number of tokens of each text, in the order of the rows, and of filler tokens. */
    private long[] lengthsWithFiller() {
        IntStream filler = IntStream.of(tokens - Arrays.stream(rows).sum()).filter(count -> count > 0);
        return IntStream.concat(Arrays.stream(rows), filler).asLongStream().toArray();
    }

    private List<Map<String, NDArray>> layers() {
        if (rotations.isEmpty()) {
            return List.of();
        }
        return rotations.of(owner, tensors.get("positions")).stream()
                .map(rotated -> {
                    Map<String, NDArray> all = new LinkedHashMap<>(tensors);
                    all.putAll(rotated);
                    return all;
                })
                .toList();
    }

    /** Adds the tensors of positions, types and first rows, and returns the token ids. */
    private NDArray fill() {
        long[] ids = new long[tokens];
        long[] types = new long[tokens];
        long[] positions = new long[tokens];
        float[] mask = new float[tokens];
        for (int i = 0; i < rows.length; i++) {
            fill(firstRows[i], texts.get(i), rows[i], ids, types, positions);
            Arrays.fill(mask, firstRows[i], firstRows[i] + lengths[i], 1);
        }
        int last = rows.length - 1;
        int end = firstRows[last] + rows[last];
        // This token's rows of the tables have a gradient anyway.
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

    private void fill(int at, BatchText text, int length, long[] ids, long[] types, long[] positions) {
        Sample sample = samples.get(text.sample());
        // RoBERTa counts positions over the tokens that are not padding. A padding id inside a text has the padding
        // position. BERT counts all tokens.
        int next = shape.tables().firstPosition();
        for (int t = 0; t < length; t++) {
            boolean token = t < text.length();
            int id = token ? sample.inputIds()[text.firstToken() + t] : shape.paddingId();
            ids[at + t] = id;
            types[at + t] = token ? sample.tokenTypeIds()[text.firstToken() + t] : 0;
            if (shape.tables().firstPosition() == 0) {
                positions[at + t] = t;
            } else {
                positions[at + t] = id == shape.paddingId() ? shape.paddingId() : next++;
            }
        }
    }

    /** Returns the rows of the tokens with a label. */
    private LongStream labelled() {
        return IntStream.range(0, rows.length).boxed().flatMapToLong(i -> {
            int[] labels = samples.get(i).labels();
            return IntStream.range(0, labels.length)
                    .filter(t -> labels[t] != Sample.IGNORED)
                    .mapToLong(t -> firstRows[i] + (long) t);
        });
    }
}
