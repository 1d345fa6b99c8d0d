package io.github.sparkfinetune.conf.corpus;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;

/**
 * Thresholds of Gopher's quality rules (Rae et al. 2021, appendix A.1.1); 0 disables a rule.
 *
 * @param minDocWords fewest words, without punctuation; 0: no limit
 * @param maxDocWords most words, without punctuation; 0: no limit
 * @param minAvgWordLength lowest mean word length in characters; 0: no limit
 * @param maxAvgWordLength highest mean word length in characters; 0: no limit
 * @param maxSymbolWordRatio most hash signs, and most ellipses, for each word; 0: no limit
 * @param maxBulletLinesRatio highest fraction of lines that begin with a bullet or hyphen; 0: no limit
 * @param maxEllipsisLinesRatio highest fraction of lines that end with an ellipsis; 0: no limit
 * @param minAlphaWordsRatio lowest fraction of words with a letter; 0: no limit
 * @param minStopWords fewest different words of {@code stop_words}; 0: no limit
 * @param stopWords words that usual text contains
 */
public record GopherQualityConfig(
        int minDocWords,
        int maxDocWords,
        double minAvgWordLength,
        double maxAvgWordLength,
        double maxSymbolWordRatio,
        double maxBulletLinesRatio,
        double maxEllipsisLinesRatio,

        @Key(hf = "GopherQualityFilter.max_non_alpha_words_ratio")
        double minAlphaWordsRatio,

        int minStopWords,
        List<String> stopWords)
        implements Serializable {
    private static final String KEY = "data.corpus.gopher_quality.";

    public GopherQualityConfig {
        Check.notNegative(KEY + "min_doc_words", minDocWords);
        Check.notNegative(KEY + "max_doc_words", maxDocWords);
        Check.notNegative(KEY + "min_avg_word_length", minAvgWordLength);
        Check.notNegative(KEY + "max_avg_word_length", maxAvgWordLength);
        Check.notNegative(KEY + "max_symbol_word_ratio", maxSymbolWordRatio);
        Check.share(KEY + "max_bullet_lines_ratio", maxBulletLinesRatio);
        Check.share(KEY + "max_ellipsis_lines_ratio", maxEllipsisLinesRatio);
        Check.share(KEY + "min_alpha_words_ratio", minAlphaWordsRatio);
        Check.notNegative(KEY + "min_stop_words", minStopWords);
        Check.present(KEY + "stop_words", stopWords);
        stopWords = List.copyOf(stopWords);
    }
}
