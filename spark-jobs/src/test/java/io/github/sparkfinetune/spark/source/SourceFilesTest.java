package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.spark.files.ListedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourceFilesTest {
    @TempDir
    private Path folder;

    private List<String> names(String path) {
        DataConfig data = RunConfigLoader.parse(
                        "{model: m, task: classification, data: {train: t, format: jsonl}, output: {dir: o}}",
                        "t",
                        List.of())
                .data();
        List<String> names = new ArrayList<>();
        for (ListedFile file : SourceFiles.list("data.train", "train", path, data, new Configuration())
                .listing()
                .files()) {
            names.add(file.path().substring(("file:" + folder + "/").length()));
        }
        return names;
    }

    /** As Spark's readers do, whether a folder or its files are named. */
    @ParameterizedTest
    @ValueSource(strings = {"", "/*"})
    void hiddenAndUnfinishedFilesAreNoPartOfASource(String below) throws IOException {
        for (String name : List.of("b.jsonl", "a.jsonl", "_SUCCESS", ".part.jsonl", "c.jsonl._COPYING_")) {
            Files.writeString(folder.resolve(name), "{}");
        }
        Files.createDirectories(folder.resolve("_day=1"));
        Files.writeString(folder.resolve("_day=1/e.jsonl"), "{}");
        Files.createDirectories(folder.resolve("_temporary"));
        Files.writeString(folder.resolve("_temporary/d.jsonl"), "{}");

        assertThat(names(folder + below)).containsExactly("_day=1/e.jsonl", "a.jsonl", "b.jsonl");
    }

    @Test
    void aHiddenFileIsReadIfItIsNamed() throws IOException {
        Files.writeString(folder.resolve("_rows.jsonl"), "{}");

        assertThat(names(folder + "/_rows.jsonl")).containsExactly("_rows.jsonl");
    }
}
