package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Main files have at most 300 lines, and packages at most 25 files. */
class FileSizesTest {
    private static final int MOST_LINES = 300;
    private static final int MOST_FILES = 25;

    @Test
    void filesAndPackagesAreShort() throws IOException {
        Map<Path, Integer> files = new TreeMap<>();
        Map<Path, Integer> packages = new TreeMap<>();
        for (String module : List.of("conf", "dataset-prep", "finetune-core", "spark-jobs", "submit")) {
            Path main = Path.of("..", module, "src", "main", "java");
            try (Stream<Path> all = Files.walk(main)) {
                for (Path file :
                        all.filter(path -> path.toString().endsWith(".java")).toList()) {
                    files.put(file, Files.readAllLines(file).size());
                    packages.merge(file.getParent(), 1, Integer::sum);
                }
            }
        }
        files.values().removeIf(lines -> lines <= MOST_LINES);
        packages.values().removeIf(count -> count <= MOST_FILES);
        assertThat(files).as("files of more than 300 lines").isEmpty();
        assertThat(packages).as("packages of more than 25 files").isEmpty();
    }
}
