package io.github.sparkfinetune.spark.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class RawTextsTest {
    private static byte[] gzip(int bytes) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            byte[] letters = new byte[1 << 16];
            Arrays.fill(letters, (byte) 'a');
            for (int written = 0; written < bytes; written += letters.length) {
                out.write(letters, 0, Math.min(letters.length, bytes - written));
            }
        }
        return compressed.toByteArray();
    }

    @Test
    void decompressesOnlyTheUsedPartOfAHugeText() throws IOException {
        byte[] bomb = gzip(256 << 20);
        assertThat(bomb).hasSizeLessThan(1 << 20);

        byte[] text = RawTexts.decompress(new ByteArrayInputStream(bomb), "bomb.txt.gz", RawTexts.mostBytes(1000));

        assertThat(text).hasSize(8000).containsOnly('a');
    }

    @Test
    void decompressesATextWithinTheLimitWhole() throws IOException {
        assertThat(RawTexts.decompress(new ByteArrayInputStream(gzip(5000)), "small.txt.gz", RawTexts.mostBytes(1000)))
                .hasSize(5000);
        assertThat(RawTexts.mostBytes(Integer.MAX_VALUE)).isPositive();
    }
}
