package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Further held-out sets ({@code data.held_out}). */
class PrepareHeldOutTest {
    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private Path clinic(String label) throws IOException {
        List<String> lines = IntStream.range(1000, 1007)
                .mapToObj(number -> PrepareFixture.json(number, label))
                .toList();
        return PrepareFixture.write(folder.resolve("clinic.jsonl"), lines);
    }

    private RunConfig config(String name, String... held) throws IOException {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(60));
        String[] data = {"train: " + mails, "test_fraction: 0.2", "held_out: {" + String.join(", ", held) + "}"};
        return PrepareFixture.config(folder.resolve(name), data);
    }

    @Test
    void makesASplitOfEachHeldOutSet() throws IOException {
        Path clinic = clinic("ham");
        RunConfig config = config("dataset", "clinic: " + clinic, "same_again: " + clinic);

        Manifest manifest = PrepareJob.run(spark, config);

        assertThat(manifest.splits()).containsOnlyKeys("train", "eval", "test", "clinic", "same_again");
        assertThat(manifest.split("clinic").rows()).isEqualTo(7);
        assertThat(manifest.sources().stream().map(Manifest.Source::key))
                .containsExactly("data.train", "data.held_out.clinic", "data.held_out.same_again");
        List<Sample> samples = PrepareFixture.samples(folder.resolve("dataset"), manifest, "clinic");
        assertThat(samples)
                .hasSize(7)
                .allMatch(sample -> sample.label() == manifest.labels().indexOf("ham"));
        // A further held-out set does not change the other splits.
        Manifest without = PrepareJob.run(spark, config("without"));
        for (String split : List.of("train", "eval", "test")) {
            assertThat(PrepareFixture.samples(folder.resolve("without"), without, split))
                    .usingRecursiveComparison()
                    .isEqualTo(PrepareFixture.samples(folder.resolve("dataset"), manifest, split));
        }
        assertThatThrownBy(() -> PrepareJob.run(spark, config("dataset")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("other source files");
    }

    @Test
    void refusesAnUntrainedLabelAndLeavesNothing() throws IOException {
        RunConfig config = config("dataset", "clinic: " + clinic("parrot"));
        assertThatThrownBy(() -> PrepareJob.run(spark, config))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.held_out.clinic: 7 rows of ")
                .hasMessageContaining("parrot");
        assertThat(folder.resolve("dataset")).doesNotExist();
    }

    @Test
    void countsTextsByLength() throws IOException {
        Manifest manifest = PrepareJob.run(spark, config("dataset"));
        for (DatasetSplit split : manifest.splits().values()) {
            assertThat(split.lengths().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(split.rows());
        }
        List<Sample> samples = PrepareFixture.samples(folder.resolve("dataset"), manifest, "train");
        manifest.split("train")
                .lengths()
                .forEach((length, count) -> assertThat(samples.stream()
                                .filter(sample -> sample.length() <= length && 2 * sample.length() > length))
                        .hasSize(Math.toIntExact(count)));
        assertThat(Files.readString(folder.resolve("dataset/manifest-1.json"))).contains("\"lengths\"");
    }
}
