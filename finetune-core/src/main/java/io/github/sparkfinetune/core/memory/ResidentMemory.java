package io.github.sparkfinetune.core.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resident memory of this process on Linux. */
public final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long KIB = 1024;

    private ResidentMemory() {}

    /** Returns the peak resident size of the process in bytes, or 0 if the system does not report it. */
    public static long peak() {
        return value("VmHWM:");
    }

    /** Returns the resident size of the process in bytes, or 0 if the system does not report it. */
    public static long now() {
        return value("VmRSS:");
    }

    private static long value(String name) {
        if (!Files.isReadable(STATUS)) {
            return 0;
        }
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * KIB)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + STATUS, e);
        }
    }
}
