package io.github.sparkfinetune.data.corpus;

import static io.github.sparkfinetune.data.corpus.Corpora.lines;
import static io.github.sparkfinetune.data.corpus.Corpora.times;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Tests each rule at its threshold, and just beyond. */
class GopherQualityTest {
    private static String verdict(String text, String... settings) {
        return Corpora.verdict(new GopherQuality(Corpora.config(settings).gopherQuality()), text);
    }

    private static String verdict(String text, String setting) {
        return verdict(text, new String[] {"gopher_quality." + setting});
    }

    @Test
    void limitsTheNumberOfWords() {
        assertThat(verdict("the and " + times(48, "word"), new String[0])).isNull();
        assertThat(verdict("the and " + times(47, "word"), new String[0])).isEqualTo("min_doc_words");
        // Words of symbols alone do not count as words.
        assertThat(verdict("the and " + times(47, "word") + " ! -- %", new String[0]))
                .isEqualTo("min_doc_words");
        assertThat(verdict("the and word", "min_doc_words=0")).isNull();
        assertThat(verdict("the and " + times(58, "word"), "max_doc_words=60")).isNull();
        assertThat(verdict("the and " + times(59, "word"), "max_doc_words=60")).isEqualTo("max_doc_words");
        assertThat(verdict("the and " + times(59, "word"), "max_doc_words=0")).isNull();
    }

    @Test
    void limitsTheMeanLengthOfWords() {
        assertThat(verdict("the and " + times(48, "cat"), new String[0])).isNull();
        assertThat(verdict("the and to " + times(48, "cat"), new String[0])).isEqualTo("min_avg_word_length");
        assertThat(verdict("the and to " + times(48, "cat"), "min_avg_word_length=2"))
                .isNull();
        String long17 = "abcdefghijklmnopq";
        String mean10 = "the and " + times(46, "abcdefghij") + " " + times(2, long17);
        assertThat(verdict(mean10, new String[0])).isNull();
        assertThat(verdict(mean10 + "r", new String[0])).isEqualTo("max_avg_word_length");
        assertThat(verdict(mean10 + "r", "max_avg_word_length=0")).isNull();
    }

    @Test
    void limitsSymbolsPerWord() {
        for (String symbol : new String[] {"#", "…", "..."}) {
            String most = times(10, symbol) + " the and " + times(88, "word");
            assertThat(verdict(most, new String[0])).isNull();
            assertThat(verdict(symbol + " " + most, new String[0])).isEqualTo("max_symbol_word_ratio");
            assertThat(verdict(symbol + " " + most, "max_symbol_word_ratio=0")).isNull();
        }
    }

    @Test
    void limitsLinesWithABulletOrAnEllipsis() {
        String line = "the men and six other words";
        assertThat(verdict(lines(9, " - " + line) + line, new String[0])).isNull();
        assertThat(verdict(lines(10, "\t•" + line), new String[0])).isEqualTo("max_bullet_lines_ratio");
        assertThat(verdict(lines(10, "- " + line), "max_bullet_lines_ratio=0")).isNull();
        assertThat(verdict(lines(3, line + "... ") + lines(7, line), new String[0]))
                .isNull();
        assertThat(verdict(lines(4, line + "…") + lines(6, line), new String[0]))
                .isEqualTo("max_ellipsis_lines_ratio");
        assertThat(verdict(lines(4, line + "…") + lines(6, line), "max_ellipsis_lines_ratio=0.4"))
                .isNull();
    }

    @Test
    void requiresWordsWithALetter() {
        assertThat(verdict("the and " + times(78, "word") + " " + times(20, "1234"), new String[0]))
                .isNull();
        assertThat(verdict("the and " + times(78, "word") + " " + times(21, "1234"), new String[0]))
                .isEqualTo("min_alpha_words_ratio");
        assertThat(verdict("the and " + times(78, "word") + " " + times(21, "1234"), "min_alpha_words_ratio=0"))
                .isNull();
        // A letter of any script counts.
        assertThat(verdict("the and " + times(60, "слово"), new String[0])).isNull();
    }

    @Test
    void requiresStopWords() {
        assertThat(verdict("the the The " + times(60, "word"), new String[0])).isEqualTo("min_stop_words");
        assertThat(verdict("the with " + times(60, "word"), new String[0])).isNull();
        assertThat(verdict(times(60, "word"), "min_stop_words=0")).isNull();
        assertThat(verdict(
                        "der die " + times(60, "Wort"),
                        "gopher_quality.stop_words=[der, die]",
                        "gopher_quality.min_stop_words=2"))
                .isNull();
    }
}
