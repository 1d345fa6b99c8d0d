package io.github.sparkfinetune.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class C4Test {
    private static final String FIVE = "One goes here. Two goes here. Three goes here. Four goes here. Five goes here.";

    private static String left(String text, String... settings) {
        String[] keys = Arrays.stream(settings).map("c4."::concat).toArray(String[]::new);
        DocumentText document = new DocumentText();
        document.set(text);
        String rule = new C4(Corpora.config(keys).c4()).rejects(document);
        return rule != null ? "rejected: " + rule : document.toString();
    }

    @Test
    void keepsLinesThatEndWithAMark() {
        assertThat(left(FIVE
                        + "\nNo end mark here\n  It ends so!  \r\nOr so \"it said.\"\nOr this way?\nOr that way's'"))
                .isEqualTo(FIVE + "\nIt ends so!\nOr so \"it said.\"\nOr this way?\nOr that way's'");
        assertThat(left(FIVE + "\nIt trails off so...\nOr it does so…")).isEqualTo(FIVE);
        assertThat(left(FIVE + "\nNo end mark here", "filter_no_terminal_punct=false"))
                .isEqualTo(FIVE + "\nNo end mark here");
    }

    @Test
    void dropsLinesOfFewOrLongWords() {
        assertThat(left(FIVE + "\nTwo words.\nNow three words.")).isEqualTo(FIVE + "\nNow three words.");
        assertThat(left(FIVE + "\nTwo words.", "min_words_per_line=0")).isEqualTo(FIVE + "\nTwo words.");
        String line = "It is " + "x".repeat(999) + ".";
        assertThat(left(FIVE + "\n" + line)).isEqualTo(FIVE + "\n" + line);
        assertThat(left(FIVE + "\nIt is " + "x".repeat(1000) + ".")).isEqualTo(FIVE);
        assertThat(left(FIVE + "\nx" + line, "max_word_length=0")).isEqualTo(FIVE + "\nx" + line);
    }

    @Test
    void dropsLinesWithPhrases() {
        assertThat(left(FIVE
                        + "\nPlease enable JavaScript to go on.\nWe use Cookies on this site.\nRead the Terms of USE"
                        + " here.\nThe privacy policy is here."))
                .isEqualTo(FIVE);
        assertThat(left(
                        FIVE + "\nSome javascript here.\nIt uses cookies here.",
                        "filter_javascript=false",
                        "filter_policy=false"))
                .isEqualTo(FIVE + "\nSome javascript here.\nIt uses cookies here.");
    }

    @Test
    void rejectsDocumentsWithPhrases() {
        assertThat(left(FIVE + "\nThis is Lorem Ipsum again.")).isEqualTo("rejected: filter_lorem_ipsum");
        assertThat(left(FIVE + "\nThis is Lorem Ipsum again.", "filter_lorem_ipsum=false"))
                .endsWith("again.");
        assertThat(left(FIVE + "\nThis is a { here.")).isEqualTo("rejected: filter_curly_bracket");
        assertThat(left(FIVE + "\nThis is a { here.", "filter_curly_bracket=false"))
                .endsWith("here.");
        // A brace in a line that is dropped anyway does not count.
        assertThat(left(FIVE + "\nThis is a { here")).isEqualTo(FIVE);
    }

    @Test
    void removesCitations() {
        assertThat(left(FIVE + "\nSo it[12] is said[citation needed] here[edit] once[].[x]", "min_words_per_line=1"))
                .isEqualTo(FIVE);
        assertThat(left(FIVE + "\nSo it[12] is said[citation needed] here[edit] once[]."))
                .isEqualTo(FIVE + "\nSo it is said here once.");
        // The line ends with a blank after the citation is removed, and a blank is no mark.
        assertThat(left(FIVE + "\nSo it is said here. [1]")).isEqualTo(FIVE);
        assertThat(left(FIVE + "\nSo it[12] is.", "remove_citations=false")).endsWith("it[12] is.");
    }

    @Test
    void rejectsDocumentsOfFewSentences() {
        String four = FIVE.replace("Four goes here. ", "");
        assertThat(left(four)).isEqualTo("rejected: min_num_sentences");
        assertThat(left(FIVE)).isEqualTo(FIVE);
        assertThat(left(four, "min_num_sentences=4")).isEqualTo(four);
        assertThat(left(four + "\nMr. Smith went home.")).isEqualTo(four + "\nMr. Smith went home.");
        // An abbreviation ends no sentence, and several marks in a row end one sentence.
        assertThat(left(four.replace("Five", "Mr. Five"))).isEqualTo("rejected: min_num_sentences");
        assertThat(left(four.replace(".", "?!"))).isEqualTo("rejected: min_num_sentences");
        assertThat(left("no end mark at all", "min_num_sentences=0")).isEqualTo("rejected: no_line");
    }
}
