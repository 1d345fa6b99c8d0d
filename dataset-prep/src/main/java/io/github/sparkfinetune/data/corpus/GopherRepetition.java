package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.GopherRepetitionConfig;
import java.util.Map;
import java.util.TreeMap;

/**
 * Gopher's rules against repetition (Rae et al. 2021, table A1), measured as datatrove measures them.
 *
 * <p>Every share is relative to all characters of the document. The characters of the most frequent n-gram are its
 * length, with a blank between two words, times its count. The search for repeated n-grams goes on behind the end of
 * each one found.
 */
final class GopherRepetition implements DocumentFilter {
    private final GopherRepetitionConfig limits;
    private final Map<Integer, Double> topShares;
    private final Map<Integer, Double> dupShares;
    private final Duplicates duplicates = new Duplicates();
    private final LongMap counts = new LongMap();

    GopherRepetition(GopherRepetitionConfig limits) {
        this.limits = limits;
        this.topShares = limits.topShares();
        this.dupShares = new TreeMap<>(limits.dupShares());
        // A share of 0 switches the rule off.
        topShares.values().removeIf(share -> share == 0);
        dupShares.values().removeIf(share -> share == 0);
    }

    @Override
    public String rejects(DocumentText document) {
        int[] text = document.codePoints();
        int length = document.length();
        int first = DocumentText.skip(text, 0, length, CharClass.SPACE);
        int end = DocumentText.skipBack(text, first, length, CharClass.SPACE);
        duplicates.clear();
        duplicates.addBetweenLineFeeds(text, first, end, 2);
        if (isAbove(duplicates.share(), limits.dupParaFrac())) {
            return "dup_para_frac";
        }
        if (isAbove(duplicates.characters() / (double) length, limits.dupParaCharFrac())) {
            return "dup_para_char_frac";
        }
        duplicates.clear();
        duplicates.addBetweenLineFeeds(text, 0, length, 1);
        if (isAbove(duplicates.share(), limits.dupLineFrac())) {
            return "dup_line_frac";
        }
        if (isAbove(duplicates.characters() / (double) length, limits.dupLineCharFrac())) {
            return "dup_line_char_frac";
        }
        return rejectsWords(document.words(), length);
    }

    private static boolean isAbove(double share, double limit) {
        return limit > 0 && share > limit;
    }

    private String rejectsWords(Words words, int length) {
        for (Map.Entry<Integer, Double> top : topShares.entrySet()) {
            if (topCharacters(words, top.getKey()) / (double) length > top.getValue()) {
                return "top_n_grams." + top.getKey();
            }
        }
        for (Map.Entry<Integer, Double> dup : dupShares.entrySet()) {
            long characters = repeatedCharacters(words, dup.getKey());
            if (characters / (double) length > dup.getValue()) {
                return "dup_n_grams." + dup.getKey();
            }
            if (characters == 0) {
                // A repeated longer n-gram would begin with a repeated n-gram of this length.
                return null;
            }
        }
        return null;
    }

    /**
     * Returns the characters of the most frequent n-gram in all its places; among equally frequent n-grams the first
     * counts.
     */
    private long topCharacters(Words words, int n) {
        counts.clear();
        int most = 0;
        NGrams grams = new NGrams(words, n);
        while (grams.next()) {
            most = Math.max(most, counts.count(grams.hash()));
        }
        grams = new NGrams(words, n);
        while (grams.next()) {
            if (counts.get(grams.hash()) == most) {
                return (grams.characters() + n - 1) * most;
            }
        }
        return 0;
    }

    /**
     * Returns the characters, without blanks, of n-grams that repeat an earlier n-gram. Counted n-grams never overlap.
     */
    private long repeatedCharacters(Words words, int n) {
        counts.clear();
        long characters = 0;
        NGrams grams = new NGrams(words, n);
        while (grams.next()) {
            if (counts.get(grams.hash()) == 0) {
                counts.put(grams.hash(), 1);
            } else {
                characters += grams.characters();
                grams.skip();
            }
        }
        return characters;
    }
}
