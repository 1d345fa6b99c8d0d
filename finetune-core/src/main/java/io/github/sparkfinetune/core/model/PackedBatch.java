package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Samples side by side in one row of N tokens. Attention stays within a document, positions start anew in each. Where
 * products want a multiple of some number of tokens the last document is longer by as many as are missing, whose hidden
 * states nobody reads: causal attention does not see them, so they change nothing.
 *
 * @param samples the samples
 * @param ids token ids [N], I64
 * @param documents tokens of each document, those that are missing among the last one's
 * @param tensors what the text reads besides the layers: {@code positions} in the document [N], I64; {@code places} of
 *     the tokens whose hidden state is wanted at the end [M], I64
 * @param layers what it reads of each layer, see {@link LayerInputs}
 * @param targets token that follows each of the places [M], I64
 */
public record PackedBatch(
        List<Sample> samples,
        NDArray ids,
        long[] documents,
        Map<String, NDArray> tensors,
        List<Map<String, NDArray>> layers,
        NDArray targets)
        implements Batch {

    /**
     * Packs samples.
     *
     * @param owner of the batch's tensors
     * @param multiple what the number of tokens is a multiple of
     * @param all whether every token's hidden state is wanted; else only those before a token with a label
     */
    static PackedBatch of(
            NDManager owner, LayerInputs inputs, List<Sample> samples, DecoderShape shape, int multiple, boolean all) {
        int tokens = samples.stream().mapToInt(Sample::length).sum();
        int rows = (tokens + multiple - 1) / multiple * multiple;
        long[] ids = new long[rows];
        long[] positions = new long[rows];
        Targets targets = new Targets(tokens);
        List<Long> documents = new ArrayList<>();
        int at = 0;
        for (Sample sample : samples) {
            int from = 0;
            for (int length : sample.documents()) {
                if (length > shape.positions()) {
                    throw new IllegalArgumentException(
                            "a document of " + length + " tokens, the model takes " + shape.positions());
                }
                documents.add((long) length);
                for (int t = 0; t < length; t++, at++) {
                    ids[at] = sample.inputIds()[from + t];
                    positions[at] = t;
                    int target = t + 1 < length && sample.labels().length > 0
                            ? sample.labels()[from + t + 1]
                            : Sample.IGNORED;
                    if (all || target != Sample.IGNORED) {
                        targets.add(at, target);
                    }
                }
                from += length;
            }
        }
        // A token whose row of the table gets a gradient anyway.
        Arrays.fill(ids, tokens, rows, ids[tokens - 1]);
        long[] lengths = documents.stream().mapToLong(Long::longValue).toArray();
        lengths[lengths.length - 1] += rows - tokens;
        return of(owner, inputs, samples, ids, positions, lengths, targets);
    }

    /**
     * Whole prompts, for the hidden state of the last token of each.
     *
     * @param prompts not empty, none longer than the model takes
     */
    static PackedBatch ofPrompts(NDManager owner, LayerInputs inputs, List<int[]> prompts) {
        int tokens = prompts.stream().mapToInt(prompt -> prompt.length).sum();
        long[] ids = new long[tokens];
        long[] positions = new long[tokens];
        Targets ends = new Targets(prompts.size());
        int at = 0;
        for (int[] prompt : prompts) {
            for (int t = 0; t < prompt.length; t++, at++) {
                ids[at] = prompt[t];
                positions[at] = t;
            }
            ends.add(at - 1, Sample.IGNORED);
        }
        long[] lengths = prompts.stream().mapToLong(prompt -> prompt.length).toArray();
        return of(owner, inputs, List.of(), ids, positions, lengths, ends);
    }

    /**
     * One token of each of several texts, at any place in it.
     *
     * @param positions in the texts
     */
    static PackedBatch ofTokens(NDManager owner, LayerInputs inputs, int[] tokens, long[] positions) {
        long[] ids = new long[tokens.length];
        long[] lengths = new long[tokens.length];
        Targets all = new Targets(tokens.length);
        for (int i = 0; i < tokens.length; i++) {
            ids[i] = tokens[i];
            lengths[i] = 1;
            all.add(i, Sample.IGNORED);
        }
        return of(owner, inputs, List.of(), ids, positions, lengths, all);
    }

    private static PackedBatch of(
            NDManager owner,
            LayerInputs inputs,
            List<Sample> samples,
            long[] ids,
            long[] positions,
            long[] lengths,
            Targets targets) {
        Map<String, NDArray> tensors =
                Map.of("positions", Tensors.of(owner, positions), "places", targets.places(owner));
        return new PackedBatch(
                List.copyOf(samples),
                Tensors.of(owner, ids),
                lengths,
                tensors,
                inputs.of(owner, lengths, tensors.get("positions")),
                targets.targets(owner));
    }

    @Override
    public int[] firstRows() {
        int[] rows = new int[samples.size()];
        for (int i = 1; i < rows.length; i++) {
            rows[i] = rows[i - 1] + samples.get(i - 1).length();
        }
        return rows;
    }

    @Override
    public List<Object> arguments(Block block) {
        return List.of(block.kind() == BlockKind.LAYER ? layers.get(block.layer()) : tensors, documents);
    }

    /** Places and targets as they are found. */
    private static final class Targets {
        private final long[] places;
        private final long[] targets;
        private int count;

        Targets(int tokens) {
            places = new long[tokens];
            targets = new long[tokens];
        }

        void add(int place, int target) {
            places[count] = place;
            targets[count++] = target;
        }

        NDArray places(NDManager owner) {
            return Tensors.of(owner, Arrays.copyOf(places, count));
        }

        NDArray targets(NDManager owner) {
            return Tensors.of(owner, Arrays.copyOf(targets, count));
        }
    }
}
