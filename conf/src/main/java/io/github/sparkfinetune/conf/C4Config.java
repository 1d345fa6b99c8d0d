package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** Selection and thresholds of C4's rules (Raffel et al. 2020, section 2.2); 0 disables a rule with a threshold. */
public record C4Config(
        boolean removeCitations,
        boolean filterNoTerminalPunct,
        int minNumSentences,
        int minWordsPerLine,
        int maxWordLength,
        boolean filterLoremIpsum,
        boolean filterJavascript,
        boolean filterCurlyBracket,
        boolean filterPolicy)
        implements Serializable {
    private static final String KEY = "data.corpus.c4.";

    public C4Config {
        Check.notNegative(KEY + "min_num_sentences", minNumSentences);
        Check.notNegative(KEY + "min_words_per_line", minWordsPerLine);
        Check.notNegative(KEY + "max_word_length", maxWordLength);
    }
}
