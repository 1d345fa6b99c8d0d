package io.github.sparkfinetune.core.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What Linux says of this machine's processor, in {@code /proc/cpuinfo}; elsewhere nothing is known.
 *
 * @param vendor as in {@code vendor_id}, e.g. {@code GenuineIntel}; empty where it isn't known
 * @param flags instructions and more, as in {@code flags}
 */
public record Processor(String vendor, Set<String> flags) {
    private static final Path FILE = Path.of("/proc/cpuinfo");

    public Processor {
        Objects.requireNonNull(vendor, "vendor");
        flags = Set.copyOf(flags);
    }

    /** This machine's. */
    public static Processor here() {
        if (!Files.isReadable(FILE)) {
            return new Processor("", Set.of());
        }
        try (Stream<String> lines = Files.lines(FILE)) {
            // All processors of a machine are alike; each one's lines end with an empty one.
            return of(lines.takeWhile(line -> !line.isBlank()).toList());
        } catch (IOException e) {
            throw new UncheckedIOException(FILE + " can't be read", e);
        }
    }

    static Processor of(List<String> lines) {
        Set<String> flags = Stream.of(value(lines, "flags").split("\\s+"))
                .filter(flag -> !flag.isEmpty())
                .collect(Collectors.toSet());
        return new Processor(value(lines, "vendor_id"), flags);
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.matches(key + "\\s*:.*"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("");
    }

    /** Whether MKL takes all instructions that it has. */
    public boolean isIntel() {
        return vendor.equals("GenuineIntel");
    }

    /** Whether oneDNN multiplies BF16 on it, if need be by instructions for F32. */
    public boolean hasAvx512() {
        return flags.containsAll(Set.of("avx512bw", "avx512vl", "avx512dq"));
    }
}
