package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.WordTags;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A task that is not among ours is prepared as ours are: nothing of what reads, shuffles and writes knows a task. */
class NewTaskTest {
    private static final int ROWS = 60;

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    /** Row i has i % 7 + 1 words; the last one's tag is rare. */
    private static String row(int i, String rare) {
        StringBuilder words = new StringBuilder();
        StringBuilder tags = new StringBuilder();
        int count = i % 7 + 1;
        for (int word = 0; word < count; word++) {
            words.append(word == 0 ? "" : ",").append("\"w").append(i).append("\"");
            tags.append(word == 0 ? "" : ",").append(word + 1 == count ? rare : "\"O\"");
        }
        return String.format(Locale.ROOT, "{\"words\": [%s], \"tags\": [%s]}", words, tags);
    }

    private Path write(String name, int rows, String rare) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            lines.add(row(i, rare));
        }
        return PrepareFixture.write(folder.resolve(name), lines);
    }

    private Manifest prepare(String name, String... data) throws IOException {
        Path dataset = folder.resolve(name);
        RunConfig config = PrepareFixture.config(dataset, data);
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TokenizerFiles files = TokenizerFiles.read(new org.apache.hadoop.fs.Path(config.model()), hadoop);
        List<SourceFiles> sources = new ArrayList<>();
        sources.add(SourceFiles.list("data.train", config.data().train(), DataFormat.AUTO, hadoop));
        if (config.data().eval() != null) {
            sources.add(SourceFiles.list("data.eval", config.data().eval(), DataFormat.AUTO, hadoop));
        }
        TaskData<JsonNode> task = new WordTags(config.data());
        DatasetOptions options = task.options(files).withFormat(DataFormat.JSONL);
        return new Preparation<>(
                        spark, config, task, files, sources, options, new org.apache.hadoop.fs.Path(dataset.toUri()))
                .run();
    }

    @Test
    void aRowGivesAsManySamplesAsItHasWindows() throws IOException {
        Path jsonl = write("rows.jsonl", ROWS, "\"B-X\"");
        Manifest manifest = prepare("dataset", "train: " + jsonl, "test_fraction: 0.25", "eval_fraction: 0");
        assertThat(manifest.labels()).containsExactly("B-X", "O");
        int samples = 0;
        for (String split : manifest.splits().keySet()) {
            for (Sample sample : PrepareFixture.samples(folder.resolve("dataset"), manifest, split)) {
                assertThat(sample.label()).isEqualTo(-1);
                assertThat(sample.length()).isLessThanOrEqualTo(WordTags.WINDOW);
                // "O" is the label 1; a row's last word, and no other, has label 0.
                assertThat(Arrays.stream(sample.labels()).filter(label -> label == 0))
                        .hasSizeLessThanOrEqualTo(1);
                samples++;
            }
        }
        int windows = 0;
        int words = 0;
        for (int i = 0; i < ROWS; i++) {
            windows += WordTags.windows(i % 7 + 1);
            words += i % 7 + 1;
        }
        assertThat(samples).isEqualTo(windows).isGreaterThan(ROWS);
        assertThat(manifest.split("train").tokens() + manifest.split("test").tokens())
                .isGreaterThan(words);
        // The rows are split, not the samples.
        assertThat(manifest.split("test").rows())
                .isLessThan(manifest.split("train").rows());
    }

    @Test
    void itsLabelsAndReasonsAreItsOwn() throws IOException {
        Path train = write("train.jsonl", ROWS, "\"B-X\"");
        Path eval = write("eval.jsonl", 9, "\"B-Y\"");
        assertThatThrownBy(() -> prepare("unknown", "train: " + train, "eval: " + eval))
                .hasMessageContaining("data.eval: 9 rows of ")
                .hasMessageContaining("have the label B-Y, which data.train never has");
        List<String> lines = new ArrayList<>(List.of("{\"words\": [\"a\"], \"tags\": []}"));
        for (int i = 0; i < ROWS; i++) {
            lines.add(row(i, "\"B-X\""));
        }
        Path uneven = PrepareFixture.write(folder.resolve("uneven.jsonl"), lines);
        Manifest manifest = prepare("uneven", "train: " + uneven, "max_bad_fraction: 0.1");
        assertThat(manifest.badRows()).containsOnlyKeys("uneven_tags");
        Path parquet = folder.resolve("rows.parquet");
        spark.read().json(train.toString()).write().parquet(parquet.toString());
        assertThat(prepare("parquet", "train: " + parquet).splits())
                .isEqualTo(prepare("jsonl", "train: " + train).splits());
    }
}
