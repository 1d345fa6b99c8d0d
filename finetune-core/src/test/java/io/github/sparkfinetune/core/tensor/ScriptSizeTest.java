package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A script's own class is small enough to read: methods of its mixins are in other files. */
class ScriptSizeTest {
    private static final Path SCRIPTS = Path.of("src/main/resources/io/github/sparkfinetune/core");
    private static final long MOST_METHODS = 30;

    @Test
    void classesHaveAtMostThirtyMethods() throws IOException {
        Map<String, Long> methods = new TreeMap<>();
        try (Stream<Path> files = Files.walk(SCRIPTS)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".py")).toList()) {
                try (Stream<String> lines = Files.lines(file)) {
                    methods.put(
                            SCRIPTS.relativize(file).toString(),
                            lines.filter(line -> line.startsWith("    def ")).count());
                }
            }
        }
        assertThat(methods).hasSizeGreaterThan(30);
        assertThat(methods.values()).as("%s", methods).allMatch(count -> count > 0 && count <= MOST_METHODS);
    }
}
