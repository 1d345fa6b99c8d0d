package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;

/**
 * A text to predict.
 *
 * @param file where it comes from
 * @param text the text, cleaned; null where there is none
 * @param pair the second text, or null
 * @param inputIds its token ids, or null where the row cannot be used
 * @param tokenTypeIds its token types, or null where the row cannot be used
 * @param badBecause why the row cannot be used, or null
 */
public record TokenizedText(
        String file, String text, String pair, int[] inputIds, int[] tokenTypeIds, String badBecause)
        implements Serializable {

    /** As a sample without label. */
    public Sample sample(long index) {
        return new Sample(index, inputIds, tokenTypeIds, -1);
    }
}
