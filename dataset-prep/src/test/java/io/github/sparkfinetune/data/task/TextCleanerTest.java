package io.github.sparkfinetune.data.task;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TextCleanerTest {
    private final TextCleaner cleaner = new TextCleaner(64);

    @Test
    void keepsPlainText() {
        TextCleaner.Cleaned cleaned = cleaner.clean("Hello,\tété — 😀\r\n".getBytes(UTF_8));
        assertThat(cleaned.text()).isEqualTo("Hello,\tété — 😀\r\n");
        assertThat(cleaned.utf8()).isEqualTo(cleaned.text().getBytes(UTF_8));
        assertThat(cleaned.repaired() || cleaned.cut() || cleaned.binary() || cleaned.empty())
                .isFalse();
    }

    @Test
    void removesControlBytesAndInvalidUtf8() {
        byte[] bytes = "null \0 bell \7 stray X overlong YZ surrogate UVW replacement \uFFFD end".getBytes(UTF_8);
        replace(bytes, 'X', 0xFF);
        replace(bytes, 'Y', 0xC0);
        replace(bytes, 'Z', 0xAF);
        replace(bytes, 'U', 0xED);
        replace(bytes, 'V', 0xA0);
        replace(bytes, 'W', 0x80);
        TextCleaner.Cleaned cleaned = new TextCleaner(1000).clean(bytes);
        assertThat(cleaned.text()).isEqualTo("null  bell  stray  overlong  surrogate  replacement  end");
        assertThat(cleaned.repaired()).isTrue();
        assertThat(cleaned.binary()).isFalse();
    }

    @Test
    void cutsALongTextBetweenCodePoints() {
        TextCleaner.Cleaned cleaned = cleaner.clean(("a" + "😀".repeat(100)).getBytes(UTF_8));
        assertThat(cleaned.text()).isEqualTo("a" + "😀".repeat(15));
        assertThat(cleaned.cut()).isTrue();
        assertThat(cleaner.clean("a".repeat(64).getBytes(UTF_8)).cut()).isFalse();
    }

    @Test
    void reportsRandomBytesAsBinaryAndGivesValidUtf8() {
        byte[] bytes = new byte[10_000];
        new Random(1).nextBytes(bytes);
        TextCleaner.Cleaned cleaned = new TextCleaner(1_000_000).clean(bytes);
        assertThat(cleaned.binary()).isTrue();
        assertThat(cleaned.text()).doesNotContain("\uFFFD");
        assertThat(cleaned.text().getBytes(UTF_8)).isEqualTo(cleaned.utf8());
    }

    @Test
    void whiteSpaceAloneIsEmpty() {
        assertThat(cleaner.clean(" \0\n\t".getBytes(UTF_8)).empty()).isTrue();
    }

    private static void replace(byte[] bytes, char from, int to) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == from) {
                bytes[i] = (byte) to;
            }
        }
    }
}
