package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;

/**
 * A row to predict: a text, or a prompt to answer.
 *
 * @param index its place in the source
 * @param file where it comes from
 * @param text the text, cleaned, or the prompt, rendered; null where there is none
 * @param textPair the second text, or null
 * @param reference the answer that the row has, or null
 * @param inputIds token ids, or null where the row cannot be used
 * @param tokenTypeIds token types, or null where the row cannot be used or is a prompt
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

    /** A text that can be used, as a sample. */
    Sample sample() {
        return new Sample(index, inputIds, tokenTypeIds, -1);
    }
}
