package io.github.sparkfinetune.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests each rule at its threshold, and just beyond, with the other rules off. */
class GopherRepetitionTest {
    /** Returns the verdict with a single rule. */
    private static String verdict(String text, String rule) {
        List<String> settings = new ArrayList<>();
        for (String key : List.of("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac")) {
            settings.add(key + "=0");
        }
        for (int n = 2; n <= 10; n++) {
            settings.add((n < 5 ? "top_n_grams." : "dup_n_grams.") + n + "=0");
        }
        settings.add(rule);
        String[] keys = settings.stream().map("gopher_repetition."::concat).toArray(String[]::new);
        return Corpora.verdict(new GopherRepetition(Corpora.config(keys).gopherRepetition()), text);
    }

    @Test
    void rejectsRepeatedLinesAndParagraphs() {
        String seven = "a\nb\nc\nd\ne\nf\ng";
        assertThat(verdict(seven + "\na\na\na", "dup_line_frac=0.3")).isNull();
        assertThat(verdict(seven + "\na\na\na\na", "dup_line_frac=0.3")).isEqualTo("dup_line_frac");
        // Blank lines do not count, except an empty line before the first and after the last.
        assertThat(verdict(seven + "\n\n\na\n\na\na", "dup_line_frac=0.3")).isNull();
        assertThat(verdict("\n" + seven + "\na\na\na\n", "dup_line_frac=0.3")).isEqualTo("dup_line_frac");
        String paragraphs = seven.replace("\n", "\n\n");
        assertThat(verdict("\n\n" + paragraphs + "\n\na\n\na\n\n\na \n", "dup_para_frac=0.3"))
                .isNull();
        assertThat(verdict(paragraphs + "\n\na\n\na\n\na\n\na", "dup_para_frac=0.3"))
                .isEqualTo("dup_para_frac");
        assertThat(verdict(seven + "\na\na\na\na", "dup_para_frac=0.3")).isNull();
    }

    @Test
    void countsCharactersOfRepeatedLinesAndParagraphs() {
        String line = "twenty characters...";
        assertThat(verdict(line + "\n" + "x".repeat(58) + "\n" + line, "dup_line_char_frac=0.2"))
                .isNull();
        assertThat(verdict(line + "\n" + "x".repeat(57) + "\n" + line, "dup_line_char_frac=0.2"))
                .isEqualTo("dup_line_char_frac");
        assertThat(verdict(line + "\n\n" + "x".repeat(56) + "\n\n" + line, "dup_para_char_frac=0.2"))
                .isNull();
        assertThat(verdict(line + "\n\n" + "x".repeat(55) + "\n\n" + line, "dup_para_char_frac=0.2"))
                .isEqualTo("dup_para_char_frac");
        // Characters are counted as code points.
        assertThat(verdict(line + "\n" + "𝕏".repeat(57) + "\n" + line, "dup_line_char_frac=0.2"))
                .isEqualTo("dup_line_char_frac");
    }

    /**
     * The n-gram is of two-character words. It comes twice, around a filler that brings the text to the given length.
     */
    @ParameterizedTest
    @CsvSource({
        // The most frequent n-gram counts with blanks and in both places.
        "2, top_n_grams, 0.2, 50",
        "3, top_n_grams, 0.18, 88",
        "4, top_n_grams, 0.16, 137",
        // A repeated n-gram counts in the second place, without blanks.
        "5, dup_n_grams, 0.15, 66",
        "6, dup_n_grams, 0.14, 85",
        "7, dup_n_grams, 0.13, 107",
        "8, dup_n_grams, 0.12, 133",
        "9, dup_n_grams, 0.11, 163",
        "10, dup_n_grams, 0.1, 200",
    })
    void rejectsFrequentAndRepeatedNGrams(int n, String rule, double limit, int tooShort) {
        StringBuilder gram = new StringBuilder();
        for (int i = 0; i < n; i++) {
            gram.append(i == 0 ? "" : " ").append("a").append((char) ('b' + i));
        }
        double characters = rule.equals("top_n_grams") ? 2 * (3 * n - 1) : 2 * n;
        int enough = (int) Math.ceil(characters / limit - 1e-9);
        assertThat(enough).isBetween(tooShort, tooShort + 1);
        String setting = rule + "." + n + "=" + limit;
        assertThat(verdict(around(gram.toString(), enough), setting)).isNull();
        assertThat(verdict(around(gram.toString(), enough - 1), setting)).isEqualTo(rule + "." + n);
    }

    private static String around(String gram, int length) {
        return gram + " " + "x".repeat(length - 2 * gram.length() - 2) + " " + gram;
    }

    @Test
    void countsTheFirstOfEquallyFrequentNGrams() {
        // Nothing is repeated. The first pair of words has 5 of 21 characters, the longest pair 13.
        assertThat(verdict("aa bb cccccc dddddd e", "top_n_grams.2=0.24")).isNull();
        assertThat(verdict("aa bb cccccc dddddd e", "top_n_grams.2=0.23")).isEqualTo("top_n_grams.2");
        assertThat(verdict("one", "top_n_grams.2=0.01")).isNull();
    }

    @Test
    void repeatedNGramsDoNotOverlap() {
        // Of 15 words, the five from the second word on repeat the first, and so do the next five.
        String text = Corpora.times(15, "a");
        assertThat(verdict(text, "dup_n_grams.5=0.34")).isEqualTo("dup_n_grams.5");
        assertThat(verdict(text, "dup_n_grams.5=0.35")).isNull();
    }
}
