package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Main files have at most 300 lines, and packages at most 25 files. */
class FileSizesTest {
    private static final int MOST_LINES = 300;
    private static final int MOST_FILES = 25;

    @Test
    void filesAndPackagesAreShort() throws IOException {
        Map<Path, Integer> files = new TreeMap<>();
        Map<Path, Integer> packages = new TreeMap<>();
        for (Path file : JavaSources.below("src/main/java")) {
            files.put(file, Files.readAllLines(file).size());
            packages.merge(file.getParent(), 1, Integer::sum);
        }
        files.values().removeIf(lines -> lines <= MOST_LINES);
        packages.values().removeIf(count -> count <= MOST_FILES);
        assertThat(files).as("files of more than 300 lines").isEmpty();
        assertThat(packages).as("packages of more than 25 files").isEmpty();
    }
}
