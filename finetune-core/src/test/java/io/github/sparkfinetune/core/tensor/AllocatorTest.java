package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class AllocatorTest {
    private static final int SIZE = 256 << 20;
    private static final Pattern RESIDENT = Pattern.compile("RssAnon:\\s+(\\d+) kB");

    @Test
    @EnabledOnOs(OS.LINUX)
    void releasesUnreachableBuffers() throws IOException {
        long taken = resident(touched());

        Allocator.release();

        // A JVM thread frees the buffer's memory some time after the garbage collection.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (resident(null) >= taken - SIZE * 3L / 4 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(resident(null)).isLessThan(taken - SIZE * 3L / 4);
    }

    private static ByteBuffer touched() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE);
        for (int page = 0; page < SIZE; page += 4096) {
            bytes.put(page, (byte) 1);
        }
        return bytes;
    }

    /** Returns the resident anonymous memory of this process in bytes, while {@code held} is reachable. */
    private static long resident(ByteBuffer held) throws IOException {
        Matcher found = RESIDENT.matcher(Files.readString(Path.of("/proc/self/status")));
        assertThat(found.find()).isTrue();
        assertThat(held == null || held.get(0) == 1).isTrue();
        return Long.parseLong(found.group(1)) << 10;
    }
}
