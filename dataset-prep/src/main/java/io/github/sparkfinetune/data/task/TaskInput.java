package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;

/**
 * A row to predict: a text to label, or a prompt to go on from.
 *
 * @param index its place in the source
 * @param file where it comes from
 * @param text the text, cleaned, or the prompt, rendered; null where the row cannot be used
 * @param textPair the second text, or null
 * @param reference the answer that the row has, or null
 * @param inputIds its token ids, or null where the row cannot be used
 * @param tokenTypeIds its token types, or null where the row cannot be used or is a prompt
 * @param error why the row cannot be used, or null
 */
public record TaskInput(
        long index,
        String file,
        String text,
        String textPair,
        String reference,
        int[] inputIds,
        int[] tokenTypeIds,
        String error)
        implements Serializable {

    /** A row that cannot be used. */
    static TaskInput bad(String file, String error) {
        return new TaskInput(0, file, null, null, null, null, null, error);
    }

    /** A prompt; without tokens there is nothing to go on from. */
    static TaskInput prompt(String file, String text, int[] inputIds, String reference) {
        return new TaskInput(0, file, text, null, reference, inputIds, null, null);
    }

    /** At a place in its source. */
    public TaskInput at(long place) {
        return new TaskInput(place, file, text, textPair, reference, inputIds, tokenTypeIds, error);
    }

    /** A text that can be used, as a sample without label. */
    public Sample sample() {
        return new Sample(index, inputIds, tokenTypeIds, -1);
    }
}
