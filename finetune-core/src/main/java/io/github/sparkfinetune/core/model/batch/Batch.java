package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Samples of one forward pass: the N tokens of all samples, side by side. If products need a multiple of some number of
 * tokens, filler tokens follow. Nothing reads the hidden states of filler tokens.
 *
 * @param samples samples in the order of their rows
 * @param ids token ids [N], I64
 * @param rows number of tokens of each sample, including counted padding
 * @param documents documents of the attention calls, in the order of the calls
 * @param tensors tensors that the script reads by name; see {@link EncoderBatch} and {@link DecoderBatch}
 * @param layers tensors that the script reads instead, per layer; empty if all layers read {@code tensors}
 * @param targets labels that the loss of a language model reads, [M], I64
 */
public record Batch(
        List<Sample> samples,
        NDArray ids,
        int[] rows,
        List<Document> documents,
        Map<String, NDArray> tensors,
        List<Map<String, NDArray>> layers,
        NDArray targets) {
    /**
     * Texts of an encoder may share an attention call if their lengths are the same when rounded up to a multiple of
     * this.
     */
    public static final int ALIKE = 16;

    /**
     * Tokens that attend to each other.
     *
     * @param sample index of its sample, or -1 for tokens that belong to no sample
     * @param firstToken index of its first token in the sample
     * @param length number of its tokens in an attention call, including padding
     */
    public record Document(int sample, int firstToken, int length) {}

    /** Returns the row of the hidden states [N, hidden] at which each sample's tokens begin. */
    public int[] firstRows() {
        return firstRows(rows);
    }

    /**
     * Returns the index of the sample of each row of a block's output, without those of filler.
     *
     * @param block a block; the head is one of whole texts
     */
    public long[] samplesOfRows(Block block) {
        return block.kind() == BlockKind.HEAD
                ? documents.stream()
                        .mapToLong(Document::sample)
                        .filter(sample -> sample >= 0)
                        .sorted()
                        .toArray()
                : samplesOfRows();
    }

    /** Returns the index of the sample of each row of the hidden states; those of filler are left out. */
    public long[] samplesOfRows() {
        return IntStream.range(0, rows.length)
                .flatMap(sample -> IntStream.range(0, rows[sample]).map(row -> sample))
                .asLongStream()
                .toArray();
    }

    /** Returns a number of rows, rounded up to a multiple. */
    public static int roundedUp(int rows, int multiple) {
        return (rows + multiple - 1) / multiple * multiple;
    }

    /**
     * Returns the row at which each sample's tokens begin.
     *
     * @param rows number of tokens of each sample
     */
    static int[] firstRows(int... rows) {
        int[] first = new int[rows.length];
        for (int i = 1; i < first.length; i++) {
            first[i] = first[i - 1] + rows[i - 1];
        }
        return first;
    }

    /** Returns the arguments of a block's script method that come from the batch, between weights and masks. */
    public List<Object> arguments(Block block) {
        boolean isLayer = block.kind() == BlockKind.LAYER && !layers.isEmpty();
        return List.of(isLayer ? layers.get(block.layer()) : tensors, lengths());
    }

    /** Returns the number of tokens of each document in its attention call. */
    public long[] lengths() {
        return lengths(documents);
    }

    static long[] lengths(List<Document> documents) {
        return documents.stream().mapToLong(Document::length).toArray();
    }
}
