package io.github.sparkfinetune.spark.prepare;

import java.io.Serializable;

/**
 * A prompt to generate from.
 *
 * @param file where it comes from
 * @param text the prompt, rendered; null where there is none
 * @param reference the answer that the row has, or null
 * @param inputIds the prompt's token ids, or null where the row cannot be used
 * @param badBecause why the row cannot be used, or null
 */
public record TokenizedPrompt(String file, String text, String reference, int[] inputIds, String badBecause)
        implements Serializable {

    static TokenizedPrompt bad(String file, String reason) {
        return new TokenizedPrompt(file, null, null, null, reason);
    }
}
