package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;
import java.util.List;

/**
 * A row to predict: a text to label or to fill in, a prompt to go on from, or a question to find the answer of.
 *
 * @param index its place in the source
 * @param file where it comes from
 * @param text the text or question, cleaned, or the prompt, rendered; null where the row cannot be used
 * @param textPair the second text, or a question's context, cleaned; or null
 * @param reference the answer that the row has, or null
 * @param samples its tokens: one sample, or the windows of a text that is longer; empty where the row cannot be used
 * @param error why the row cannot be used, or null
 */
public record TaskInput(
        long index, String file, String text, String textPair, String reference, List<Sample> samples, String error)
        implements Serializable {

    public TaskInput {
        samples = List.copyOf(samples);
        if (samples.isEmpty() == (error == null)) {
            throw new IllegalArgumentException(samples.size() + " samples, error " + error);
        }
    }

    /** A row that cannot be used. */
    public static TaskInput bad(String file, String error) {
        return new TaskInput(0, file, null, null, null, List.of(), error);
    }

    /** A text, or a pair of texts. */
    public static TaskInput text(String file, String text, String textPair, Sample... samples) {
        return new TaskInput(0, file, text, textPair, null, List.of(samples), null);
    }

    /** A question and the text that holds its answer. */
    public static TaskInput question(String file, String question, String context, List<Sample> windows) {
        return new TaskInput(0, file, question, context, null, windows, null);
    }

    /** A prompt; without tokens there is nothing to go on from. */
    public static TaskInput prompt(String file, String text, int[] inputIds, String reference) {
        Sample sample = new Sample(0, inputIds, new int[inputIds.length], -1);
        return new TaskInput(0, file, text, null, reference, List.of(sample), null);
    }

    /** At a place in its source. */
    public TaskInput at(long place) {
        List<Sample> placed = samples.stream().map(sample -> sample.at(place)).toList();
        return new TaskInput(place, file, text, textPair, reference, placed, error);
    }

    /** A row that is one sample. */
    public Sample sample() {
        return samples.get(0);
    }
}
