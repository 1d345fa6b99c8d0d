package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Samples that are computed at once, by one thread, so that the logits of each have the same bits beside any other
 * samples. Kernels choose the order of their sums by the shapes of their operands. All batches of short samples
 * therefore have {@value #TOKENS} tokens, and attention pads all samples of a batch to one length, which depends on
 * each sample alone. Filler samples complete a batch. A sample of more than {@value #SHORT} tokens is a batch by
 * itself.
 *
 * @param indices indices of the samples among all samples
 * @param samples filler samples, if any, then the samples
 */
public record SteadyBatch(List<Integer> indices, List<Sample> samples) {
    private static final int TOKENS = 256;
    private static final int SHORT = 64;

    /** Returns the batches of samples for token classification. */
    public static List<SteadyBatch> of(List<Sample> samples) {
        List<SteadyBatch> batches = new ArrayList<>();
        // Samples of a batch share a call of attention.
        Map<Integer, List<Integer>> byLongest = new TreeMap<>();
        for (int i = 0; i < samples.size(); i++) {
            int length = samples.get(i).length();
            if (length > SHORT) {
                batches.add(new SteadyBatch(List.of(i), List.of(samples.get(i))));
            } else {
                byLongest
                        .computeIfAbsent(Batch.roundedUp(length, Batch.ALIKE), longest -> new ArrayList<>())
                        .add(i);
            }
        }
        byLongest.forEach((longest, indices) -> {
            // Two lengths, so that attention always has a mask, and always one of the longest.
            int most = TOKENS - longest - (longest - 1);
            int to;
            for (int from = 0; from < indices.size(); from = to) {
                int tokens = 0;
                for (to = from; to < indices.size(); to++) {
                    int length = samples.get(indices.get(to)).length();
                    if (tokens + length > most) {
                        break;
                    }
                    tokens += length;
                }
                batches.add(filled(samples, indices.subList(from, to), longest, most - tokens));
            }
        });
        return batches;
    }

    private static SteadyBatch filled(List<Sample> samples, List<Integer> indices, int longest, int missing) {
        Sample like = samples.get(indices.get(0));
        List<Sample> all = new ArrayList<>(List.of(filler(like, longest), filler(like, longest - 1)));
        for (int left = missing; left > 0; left -= longest) {
            all.add(filler(like, Math.min(left, longest)));
        }
        indices.forEach(i -> all.add(samples.get(i)));
        return new SteadyBatch(List.copyOf(indices), all);
    }

    /** Returns a sample of so many tokens, all equal to the first token of another one. */
    private static Sample filler(Sample like, int length) {
        int[] ids = new int[length];
        Arrays.fill(ids, like.inputIds()[0]);
        int[] labels = new int[length];
        Arrays.fill(labels, Sample.IGNORED);
        return new Sample(0, ids, new int[length], -1).withLabels(labels);
    }

    /**
     * Computes the logits of the samples.
     *
     * @param logits receives the logits [tokens, classes] of each sample at its index
     */
    public void compute(NDManager manager, Model model, float[][] logits) {
        try (NDManager owner = manager.newSubManager()) {
            Batch batch = model.batch(owner, samples);
            NDArray output = Inference.output(owner, model, batch);
            float[] flat = output.toFloatArray();
            int classes = flat.length / Math.toIntExact(output.getShape().get(0));
            int filler = samples.size() - indices.size();
            int first = IntStream.range(0, filler).map(i -> batch.rows()[i]).sum();
            for (int i = 0; i < indices.size(); i++) {
                int count = batch.rows()[filler + i];
                logits[indices.get(i)] = Arrays.copyOfRange(flat, first * classes, (first + count) * classes);
                first += count;
            }
        }
    }
}
