package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;

/**
 * Samples as a model computes them: the tokens of all samples side by side, N of them. Where products need a multiple
 * of some number of tokens, further tokens follow whose hidden states nobody reads.
 *
 * @param samples the samples
 * @param ids token ids [N], I64
 * @param rows tokens of each sample, padding that counts included
 * @param documents what attention computes, in the order of its calls
 * @param tensors tensors that the script reads by name; see {@link EncoderBatch} and {@link DecoderBatch}
 * @param layers tensors that it reads of each layer in their place; empty where all layers read {@code tensors}
 * @param targets labels of the tokens that the loss of a language model reads, [M], I64
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
     * Tokens that attend to each other.
     *
     * @param sample its place among the samples, or -1 for tokens that belong to none
     * @param firstToken its first token in the sample
     * @param length its tokens in a call of attention, padding included
     */
    public record Document(int sample, int firstToken, int length) {}

    /** Returns the row of the hidden states [N, hidden] at which each sample's tokens begin. */
    public int[] firstRows() {
        return firstRows(rows);
    }

    /**
     * Returns the row at which each sample's tokens begin.
     *
     * @param rows tokens of each sample
     */
    static int[] firstRows(int... rows) {
        int[] first = new int[rows.length];
        for (int i = 1; i < first.length; i++) {
            first[i] = first[i - 1] + rows[i - 1];
        }
        return first;
    }

    /** Returns what the script of a model takes of the batch for a block, between weights and masks. */
    List<Object> arguments(Block block) {
        boolean isLayer = block.kind() == BlockKind.LAYER && !layers.isEmpty();
        return List.of(isLayer ? layers.get(block.layer()) : tensors, lengths());
    }

    /** Returns the tokens of each document in its call of attention. */
    public long[] lengths() {
        return lengths(documents);
    }

    static long[] lengths(List<Document> documents) {
        return documents.stream().mapToLong(Document::length).toArray();
    }
}
