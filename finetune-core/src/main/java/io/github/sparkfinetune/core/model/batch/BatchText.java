package io.github.sparkfinetune.core.model.batch;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;

/**
 * A text of an encoder's batch: tokens that attend to each other.
 *
 * @param sample index of its sample in the batch
 * @param firstToken index of its first token in the sample
 * @param length number of its tokens
 */
record BatchText(int sample, int firstToken, int length) {

    /** Returns each sample as a text. */
    static List<BatchText> ofSamples(List<Sample> samples) {
        List<BatchText> texts = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            texts.add(new BatchText(i, 0, samples.get(i).length()));
        }
        return texts;
    }

    /** Returns each document of each sample as a text. */
    static List<BatchText> ofDocuments(List<Sample> samples) {
        List<BatchText> texts = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            int from = 0;
            for (int length : samples.get(i).documents()) {
                texts.add(new BatchText(i, from, length));
                from += length;
            }
        }
        return texts;
    }

    /**
     * Returns the number of rows of each sample.
     *
     * @param rowsOfTexts number of rows of each text
     */
    static int[] rows(List<BatchText> texts, int[] rowsOfTexts, int samples) {
        int[] rows = new int[samples];
        for (int i = 0; i < rowsOfTexts.length; i++) {
            rows[texts.get(i).sample()] += rowsOfTexts[i];
        }
        return rows;
    }

    /**
     * Returns a document of an attention call.
     *
     * @param call document whose {@code sample} is the index of a text, or -1
     */
    static Batch.Document document(List<BatchText> texts, Batch.Document call) {
        if (call.sample() < 0) {
            return call;
        }
        BatchText text = texts.get(call.sample());
        return new Batch.Document(text.sample(), text.firstToken(), call.length());
    }
}
