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
 * Facts about this machine's processor from Linux's {@code /proc/cpuinfo}; empty on other systems.
 *
 * @param vendor vendor as in {@code vendor_id}, e.g. {@code GenuineIntel}; empty if unknown
 * @param flags instruction sets and other features, as in {@code flags}
 */
public record Processor(String vendor, Set<String> flags) {
    private static final Path FILE = Path.of("/proc/cpuinfo");

    public Processor {
        Objects.requireNonNull(vendor, "vendor");
        flags = Set.copyOf(flags);
    }

    /** Returns this machine's processor. */
    public static Processor here() {
        if (!Files.isReadable(FILE)) {
            return new Processor("", Set.of());
        }
        try (Stream<String> lines = Files.lines(FILE)) {
            // All processors of a machine are equal; an empty line ends the lines of each processor.
            return of(lines.takeWhile(line -> !line.isBlank()).toList());
        } catch (IOException e) {
            throw new UncheckedIOException(FILE + " cannot be read", e);
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

    /** Returns whether the processor is Intel's, so that MKL uses all its instructions. */
    public boolean isIntel() {
        return vendor.equals("GenuineIntel");
    }

    /** Returns whether the processor has BF16 instructions. Without them, BF16 is many times slower than F32. */
    public boolean hasBf16() {
        return flags.contains("avx512_bf16") || flags.contains("amx_bf16");
    }

    /** Returns whether oneDNN multiplies BF16 on the processor, at least with F32 instructions. */
    public boolean hasAvx512() {
        return flags.containsAll(Set.of("avx512bw", "avx512vl", "avx512dq"));
    }
}
