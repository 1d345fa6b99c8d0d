package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.GopherQualityConfig;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/**
 * Gopher's quality rules (Rae et al. 2021, appendix A.1.1), measured as datatrove measures them. Words of symbols alone
 * count as words for the share of words with a letter and for symbols per word. They do not count for the number and
 * the mean length of words.
 */
final class GopherQuality implements DocumentFilter {
    private final GopherQualityConfig limits;
    private final LongMap stopWords = new LongMap();
    private final boolean[] seen;

    GopherQuality(GopherQualityConfig limits) {
        this.limits = limits;
        List<String> distinct = List.copyOf(new HashSet<>(limits.stopWords()));
        seen = new boolean[distinct.size() + 1];
        for (String word : distinct) {
            stopWords.put(Hashes.of(word), 1 + distinct.indexOf(word));
        }
    }

    @Override
    public String rejects(DocumentText document) {
        int[] text = document.codePoints();
        Words words = document.words();
        long characters = 0;
        int inWords = 0;
        int withLetter = 0;
        int stops = 0;
        Arrays.fill(seen, false);
        for (int i = 0; i < words.size(); i++) {
            int all = -1;
            int any = 0;
            for (int at = words.start(i); at < words.end(i); at++) {
                int flags = CharClass.of(text[at]);
                all &= flags;
                any |= flags;
            }
            if ((all & CharClass.SYMBOL) == 0) {
                inWords++;
                characters += words.length(i);
            }
            withLetter += (any & CharClass.LETTER) != 0 ? 1 : 0;
            int stop = stopWords.get(words.hash(i));
            if (stop != 0 && !seen[stop]) {
                seen[stop] = true;
                stops++;
            }
        }
        if (limits.minDocWords() > 0 && inWords < limits.minDocWords()) {
            return "min_doc_words";
        }
        if (limits.maxDocWords() > 0 && inWords > limits.maxDocWords()) {
            return "max_doc_words";
        }
        double average = inWords == 0 ? Double.NaN : (double) characters / inWords;
        if (limits.minAvgWordLength() > 0 && average < limits.minAvgWordLength()) {
            return "min_avg_word_length";
        }
        if (limits.maxAvgWordLength() > 0 && average > limits.maxAvgWordLength()) {
            return "max_avg_word_length";
        }
        double count = words.size();
        if (limits.maxSymbolWordRatio() > 0 && hasManySymbols(text, document.length(), count)) {
            return "max_symbol_word_ratio";
        }
        String lines = rejectsLines(text, document.length());
        if (lines != null) {
            return lines;
        }
        if (limits.minAlphaWordsRatio() > 0 && withLetter / count < limits.minAlphaWordsRatio()) {
            return "min_alpha_words_ratio";
        }
        return limits.minStopWords() > 0 && stops < limits.minStopWords() ? "min_stop_words" : null;
    }

    private boolean hasManySymbols(int[] text, int length, double words) {
        int hashes = 0;
        int ellipses = 0;
        for (int at = 0; at < length; at++) {
            if (text[at] == '#') {
                hashes++;
            } else if (text[at] == '…') {
                ellipses++;
            } else if (text[at] == '.' && at + 2 < length && text[at + 1] == '.' && text[at + 2] == '.') {
                ellipses++;
                at += 2;
            }
        }
        return hashes / words > limits.maxSymbolWordRatio() || ellipses / words > limits.maxSymbolWordRatio();
    }

    private String rejectsLines(int[] text, int length) {
        Lines lines = new Lines(text, 0, length);
        int count = 0;
        int bullets = 0;
        int ellipses = 0;
        while (lines.next()) {
            count++;
            int first = DocumentText.skip(text, lines.start(), lines.end(), CharClass.SPACE);
            int end = DocumentText.skipBack(text, first, lines.end(), CharClass.SPACE);
            bullets += first < end && (text[first] == '•' || text[first] == '-') ? 1 : 0;
            ellipses += DocumentText.endsWithEllipsis(text, first, end) ? 1 : 0;
        }
        if (limits.maxBulletLinesRatio() > 0 && bullets / (double) count > limits.maxBulletLinesRatio()) {
            return "max_bullet_lines_ratio";
        }
        boolean many = limits.maxEllipsisLinesRatio() > 0 && ellipses / (double) count > limits.maxEllipsisLinesRatio();
        return many ? "max_ellipsis_lines_ratio" : null;
    }
}
