package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Removes samples with equal tokens.
 *
 * @param samples first sample of each sequence of tokens
 * @param indices index in {@code samples} of each sample's tokens
 */
record DistinctSamples(List<Sample> samples, int[] indices) {
    /** Token ids, token type ids, and lengths of the documents. */
    private record Tokens(IntBuffer ids, IntBuffer types, IntBuffer documents) {}

    static DistinctSamples of(List<Sample> all) {
        List<Sample> samples = new ArrayList<>();
        int[] indices = new int[all.size()];
        Map<Tokens, Integer> known = new HashMap<>();
        for (int i = 0; i < indices.length; i++) {
            Sample sample = all.get(i);
            Tokens tokens = new Tokens(
                    IntBuffer.wrap(sample.inputIds()),
                    IntBuffer.wrap(sample.tokenTypeIds()),
                    IntBuffer.wrap(sample.documents()));
            Integer before = known.putIfAbsent(tokens, samples.size());
            indices[i] = before == null ? samples.size() : before;
            if (before == null) {
                samples.add(sample);
            }
        }
        return new DistinctSamples(samples, indices);
    }

    /** Returns the values of all samples, given the values of {@link #samples}. Equal samples have the same array. */
    float[][] ofAll(float[][] values) {
        float[][] all = new float[indices.length][];
        for (int i = 0; i < indices.length; i++) {
            all[i] = values[indices[i]];
        }
        return all;
    }
}
