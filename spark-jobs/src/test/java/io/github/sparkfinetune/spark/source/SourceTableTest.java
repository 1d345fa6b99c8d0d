package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.StageFigures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class SourceTableTest {
    @TempDir
    private Path folder;

    /** The fingerprint of a table covers these lines. */
    @Test
    void executorsDescribeTheFilesOfATableWithMany() throws Exception {
        List<String> files = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 2 * SourceTable.FILES_A_TASK + 10; i++) {
            Path file = Files.write(folder.resolve("part-" + (10_000 + i)), new byte[i % 7]);
            files.add(file.toUri().toString());
            expected.add(file.toUri() + "\t" + i % 7 + "\t"
                    + Files.getLastModifiedTime(file).toMillis() + "\n");
        }
        Collections.reverse(files);
        List<String> few = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("table-test")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            StageFigures figures = StageFigures.of(spark, () -> describe(spark, files, lines));
            describe(spark, files.subList(files.size() - 10, files.size()), few);

            assertThat(figures.tasks()).hasSize(3);
        }
        assertThat(lines).isEqualTo(expected);
        assertThat(few).isEqualTo(expected.subList(0, 10));
    }

    private static void describe(SparkSession spark, List<String> files, List<String> lines) {
        try {
            SourceTable.describe(spark, files.toArray(String[]::new), lines::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
