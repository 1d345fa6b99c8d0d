package io.github.sparkfinetune.conf.corpus;

import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;

/**
 * Selection and thresholds of C4's rules (Raffel et al. 2020, section 2.2); 0 disables a rule with a threshold.
 *
 * @param removeCitations whether {@code [1]}, {@code [edit]} and {@code [citation needed]} are removed from lines
 * @param filterNoTerminalPunct whether to drop lines that do not end with . ? ! " or ', or that end with ...
 * @param minWordsPerLine fewest words of a line, or the line is dropped; 0: no limit
 * @param maxWordLength longest word of a line in characters, or the line is dropped; 0: no limit
 * @param filterJavascript whether to drop lines that contain "javascript"
 * @param filterPolicy whether to drop lines about terms of use, privacy or cookies
 * @param minNumSentences fewest sentences in the remaining lines; 0: no limit
 * @param filterLoremIpsum whether to drop documents that contain "lorem ipsum"
 * @param filterCurlyBracket whether to drop documents that contain an opening curly bracket
 */
public record C4Config(
        boolean removeCitations,
        boolean filterNoTerminalPunct,
        int minWordsPerLine,
        int maxWordLength,
        boolean filterJavascript,
        boolean filterPolicy,
        int minNumSentences,
        boolean filterLoremIpsum,
        boolean filterCurlyBracket)
        implements Serializable {
    private static final String KEY = "data.corpus.c4.";

    public C4Config {
        Check.notNegative(KEY + "min_words_per_line", minWordsPerLine);
        Check.notNegative(KEY + "max_word_length", maxWordLength);
        Check.notNegative(KEY + "min_num_sentences", minNumSentences);
    }
}
