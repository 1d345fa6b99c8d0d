package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;
import java.util.List;

/**
 * A row to predict: a text to label or to fill in, a prompt to continue, or a question to answer.
 *
 * @param index place in the source
 * @param file file that the row is from
 * @param text cleaned text or question, or rendered prompt; null for an unusable row
 * @param textPair second text, or context of a question, cleaned; or null
 * @param reference answer of the row, or null
 * @param samples tokens of the row: one sample, or the windows of a longer text; empty for an unusable row
 * @param error reason why the row cannot be used, or null
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

    /** Returns the input of a row that cannot be used. */
    public static TaskInput bad(String file, String error) {
        return new TaskInput(0, file, null, null, null, List.of(), error);
    }

    /** Returns the input of a text, or of a pair of texts. */
    public static TaskInput text(String file, String text, String textPair, Sample... samples) {
        return new TaskInput(0, file, text, textPair, null, List.of(samples), null);
    }

    /** Returns the input of a question and the text that holds its answer. */
    public static TaskInput question(String file, String question, String context, List<Sample> windows) {
        return new TaskInput(0, file, question, context, null, windows, null);
    }

    /** Returns the input of a prompt, which must have tokens. */
    public static TaskInput prompt(String file, String text, int[] inputIds, String reference) {
        Sample sample = new Sample(0, inputIds, new int[inputIds.length], -1);
        return new TaskInput(0, file, text, null, reference, List.of(sample), null);
    }

    /** Returns this input with a place in its source. */
    public TaskInput at(long place) {
        List<Sample> placed = samples.stream().map(sample -> sample.at(place)).toList();
        return new TaskInput(place, file, text, textPair, reference, placed, error);
    }

    /** Returns the only sample of a row. */
    public Sample sample() {
        return samples.get(0);
    }
}
