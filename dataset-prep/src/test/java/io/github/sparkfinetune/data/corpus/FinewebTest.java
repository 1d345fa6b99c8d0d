package io.github.sparkfinetune.data.corpus;

import static io.github.sparkfinetune.data.corpus.Corpora.different;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Tests each rule at its threshold, and just beyond. */
class FinewebTest {
    private static final String OTHERS_OFF = "short_line_thr=1";

    private static String verdict(String text, String... settings) {
        String[] keys = new String[settings.length];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = "fineweb." + settings[i];
        }
        return Corpora.verdict(new Fineweb(Corpora.config(keys).fineweb()), text);
    }

    /** Returns lines of different words; the first {@code ended} lines end with a full stop. */
    private static String lines(int count, int ended) {
        String[] words = different(8 * count).split(" ", -1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words.length; i++) {
            boolean last = i % 8 == 7;
            text.append(words[i]).append(last ? (i / 8 < ended ? ".\n" : "\n") : " ");
        }
        return text.toString();
    }

    @Test
    void rejectsTooFewLinesThatEndASentence() {
        assertThat(verdict(lines(25, 3))).isNull();
        assertThat(verdict(lines(25, 2))).isEqualTo("line_punct_thr");
        assertThat(verdict(lines(25, 0))).isEqualTo("line_punct_thr");
        assertThat(verdict(lines(25, 0), "line_punct_exclude_zero=true")).isNull();
        assertThat(verdict(lines(25, 2), "line_punct_exclude_zero=true")).isEqualTo("line_punct_thr");
        // Blank lines do not count; a sentence ends with a mark of any script.
        assertThat(verdict(lines(25, 3).replace(".\n", "。\n \n"))).isNull();
    }

    @Test
    void rejectsTooManyShortLines() {
        String short30 = "x".repeat(29) + ".";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 67; i++) {
            text.append(String.format("%030d", i)).append("\n");
        }
        String others = lines(33, 33);
        assertThat(verdict(text + others, "new_line_ratio=1")).isNull();
        assertThat(verdict(text + short30 + "\n" + others, "new_line_ratio=1")).isEqualTo("short_line_thr");
        assertThat(verdict(text + "x" + short30 + "\n" + others, "new_line_ratio=1"))
                .isNull();
    }

    @Test
    void rejectsTooManyCharactersInRepeatedLines() {
        // Both numbers leave out line feeds.
        String ten = "ten chars.\n";
        assertThat(verdict(ten + "x".repeat(979) + ".\n" + ten, OTHERS_OFF, "new_line_ratio=1"))
                .isNull();
        assertThat(verdict(ten + "x".repeat(978) + ".\n" + ten, OTHERS_OFF, "new_line_ratio=1"))
                .isEqualTo("char_duplicates_ratio");
        assertThat(verdict(ten + ten, OTHERS_OFF, "new_line_ratio=1", "char_duplicates_ratio=0.5"))
                .isNull();
    }

    @Test
    void countsLineFeedsPerWord() {
        assertThat(verdict("one two three\nfour five six\nseven eight nine\nten!", OTHERS_OFF, "new_line_ratio=0.28"))
                .isNull();
        assertThat(verdict("one two three\nfour five six\nseven eight nine\nten!", OTHERS_OFF, "new_line_ratio=0.27"))
                .isEqualTo("new_line_ratio");
    }
}
