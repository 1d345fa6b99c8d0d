package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.redact.Entity;
import io.github.sparkfinetune.data.redact.find.EntityFinder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Measures the rules of {@code data.redact} on the texts of a folder: {@code RedactBench FOLDER}. A line of a file is a
 * text. Prints megabytes of UTF-8 for each second of processor time of one thread, for all entities and without
 * telephone numbers.
 */
final class RedactBench {
    private static final List<String> REGIONS = List.of("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR");
    private static final int ROUNDS = 5;

    private RedactBench() {}

    public static void main(String[] arguments) throws IOException {
        List<String> texts = new ArrayList<>();
        long bytes = 0;
        try (Stream<Path> files = Files.walk(Path.of(arguments[0]))) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                texts.addAll(new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                        .lines()
                        .toList());
            }
        }
        for (String text : texts) {
            bytes += text.getBytes(StandardCharsets.UTF_8).length;
        }
        measure("all", EnumSet.allOf(Entity.class), texts, bytes);
        measure("without phone", EnumSet.complementOf(EnumSet.of(Entity.PHONE_NUMBER)), texts, bytes);
    }

    private static void measure(String name, Collection<Entity> entities, List<String> texts, long bytes) {
        EntityFinder finder =
                new EntityFinder(entities.stream().map(Entity::name).toList(), REGIONS);
        long best = Long.MAX_VALUE;
        long found = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            found = texts.stream().mapToLong(text -> finder.find(text).size()).sum();
            best = Math.min(best, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start);
        }
        System.out.printf(
                Locale.ROOT,
                "ours redact %s texts %d MB %.1f entities %d MB/s %.1f%n",
                name,
                texts.size(),
                bytes / 1e6,
                found,
                bytes * 1e3 / best);
    }
}
