package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that the sources have every message that the page on troubleshooting quotes. */
class TroubleshootingTest {
    private static final Path PAGE = Path.of("docs/troubleshooting.md");

    /** All sources, each with the parts of its string literals joined. */
    private static List<String> sources;

    @BeforeAll
    static void read() throws IOException {
        sources = JavaSources.below("src/main/java").stream()
                .map(TroubleshootingTest::text)
                // Messages contain this constant.
                .map(text -> text.replaceAll("\"\\s*\\+\\s*\"", "")
                        .replaceAll("\"\\s*\\+\\s*OVERHEAD\\s*\\+\\s*\"", "spark.executor.memoryOverhead")
                        .replace("OVERHEAD + \"", "\"spark.executor.memoryOverhead"))
                .toList();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> messages() {
        return text(PAGE)
                .lines()
                .filter(line -> line.startsWith("#### "))
                .map(line -> line.replaceFirst("#### `(.*)`", "$1"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void sourcesHaveTheFixedWordsOfAMessage(String message) {
        List<String> fixed = Arrays.stream(message.split("…", -1))
                .map(part -> part.replaceAll("^[ ;:,.()]+|[ ;:,.()?]+$", ""))
                .filter(part -> part.length() > 3)
                .toList();

        assertThat(fixed).isNotEmpty();
        assertThat(sources).anySatisfy(source -> assertThat(source).contains(fixed));
    }
}
