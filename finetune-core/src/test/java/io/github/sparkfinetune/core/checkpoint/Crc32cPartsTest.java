package io.github.sparkfinetune.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class Crc32cPartsTest {
    private static long crc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return crc.getValue();
    }

    @Test
    void combinesPartsToTheChecksumOfTheWhole() {
        Random random = new Random(1);
        for (int size : new int[] {0, 1, 2, 3, 100, 4096, 1_000_003}) {
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            Crc32cParts parts = new Crc32cParts();
            for (int at = 0; at < size; ) {
                int length = Math.min(size - at, random.nextInt(2 + size / 3));
                parts.add(crc(bytes, at, length), length);
                at += length;
            }
            assertThat(parts.value()).isEqualTo(crc(bytes, 0, size));
        }
    }

    @Test
    void combinesPartsLargerThanAnArray() {
        // 32 GB of zeros, once as parts of 1 MiB, once by doubling the part.
        byte[] zeros = new byte[1 << 20];
        long part = crc(zeros, 0, zeros.length);
        Crc32cParts many = new Crc32cParts();
        for (int i = 0; i < 32 << 10; i++) {
            many.add(part, zeros.length);
        }
        long whole = part;
        for (long length = zeros.length; length < 32L << 30; length *= 2) {
            Crc32cParts twice = new Crc32cParts();
            twice.add(whole, length);
            twice.add(whole, length);
            whole = twice.value();
        }
        assertThat(many.value()).isEqualTo(whole);
    }
}
