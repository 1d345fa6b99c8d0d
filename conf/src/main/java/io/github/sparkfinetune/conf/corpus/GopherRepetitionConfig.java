package io.github.sparkfinetune.conf.corpus;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Thresholds of Gopher's repetition rules (Rae et al. 2021, table A1); 0 disables a rule.
 *
 * @param dupLineFrac highest fraction of repeated lines; 0: no limit
 * @param dupParaFrac highest fraction of repeated paragraphs; 0: no limit
 * @param dupLineCharFrac highest fraction of characters in repeated lines; 0: no limit
 * @param dupParaCharFrac highest fraction of characters in repeated paragraphs; 0: no limit
 * @param topNGrams highest fraction of characters in the most frequent n-gram, by n; an n that is not set keeps its
 *     default; 0: no limit
 * @param dupNGrams highest fraction of characters in repeated n-grams, by n; an n that is not set keeps its default; 0:
 *     no limit
 */
public record GopherRepetitionConfig(
        double dupLineFrac,
        double dupParaFrac,
        double dupLineCharFrac,
        double dupParaCharFrac,
        @JsonProperty("top_n_grams") Map<String, Object> topNGrams,
        @JsonProperty("dup_n_grams") Map<String, Object> dupNGrams)
        implements Serializable {
    private static final String KEY = "data.corpus.gopher_repetition.";

    public GopherRepetitionConfig {
        Check.share(KEY + "dup_line_frac", dupLineFrac);
        Check.share(KEY + "dup_para_frac", dupParaFrac);
        Check.share(KEY + "dup_line_char_frac", dupLineCharFrac);
        Check.share(KEY + "dup_para_char_frac", dupParaCharFrac);
        topNGrams = shares(KEY + "top_n_grams", topNGrams);
        dupNGrams = shares(KEY + "dup_n_grams", dupNGrams);
    }

    private static Map<String, Object> shares(String key, Map<String, Object> shares) {
        Check.present(key, shares);
        Map<String, Object> sorted = new TreeMap<>();
        shares.forEach((words, share) -> {
            Check.that(words.matches("[1-9]|[1-9][0-9]"), key + "." + words, words, "a number of words below 100");
            Check.that(
                    share instanceof Number number && number.doubleValue() >= 0 && number.doubleValue() <= 1,
                    key + "." + words,
                    share,
                    "a number between 0 and 1");
            sorted.put(words, ((Number) share).doubleValue());
        });
        return sorted;
    }

    /** Returns the highest allowed share of the most frequent n-gram, by n. */
    public Map<Integer, Double> topShares() {
        return byWords(topNGrams);
    }

    /** Returns the highest allowed share of repeated n-grams, by n. */
    public Map<Integer, Double> dupShares() {
        return byWords(dupNGrams);
    }

    private static Map<Integer, Double> byWords(Map<String, Object> shares) {
        Map<Integer, Double> byWords = new TreeMap<>();
        shares.forEach((words, share) -> byWords.put(Integer.valueOf(words), (Double) share));
        return byWords;
    }
}
