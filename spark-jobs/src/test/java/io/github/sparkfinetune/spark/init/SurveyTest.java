package io.github.sparkfinetune.spark.init;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SurveyTest {
    private static SparkSession spark;

    @TempDir
    private Path dir;

    @BeforeAll
    static void start() {
        spark = PrepareFixture.spark(2);
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private Survey survey(List<String> lines, long partitionBytes) throws IOException {
        Path file = PrepareFixture.write(dir.resolve("mails.jsonl"), lines);
        RunConfig config = PrepareFixture.config(dir.resolve("dataset"), "train: " + file);
        TaskData<?> task = TaskDatas.of(config);
        TokenizerFiles tokenizer = TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(config.model()),
                config,
                Architectures::positions,
                spark.sparkContext().hadoopConfiguration());
        SourceFiles source = Sources.of(spark, config.data(), "data.train", Manifest.TRAIN, file.toString());
        return Survey.of(
                new SourceReader(spark, tokenizer, config.data(), partitionBytes),
                source,
                task,
                tokenizer,
                config.data().maxLength());
    }

    @Test
    void readsAllOfASmallSource() throws IOException {
        List<String> mails = new ArrayList<>(PrepareFixture.mails(50));
        mails.add("{\"text\": \"no label\"}");
        Survey survey = survey(mails, 32 << 20);

        assertThat(survey.isWhole()).isTrue();
        assertThat(survey.rows()).isEqualTo(51);
        assertThat(survey.bad()).containsOnly(Map.entry("no_label", 1L));
        assertThat(survey.labels()).hasToString("{ham=40, spam=10}");
        assertThat(survey.lengths()).hasSize(50).isSorted();
        assertThat(survey.percentile(100)).isEqualTo(32);
        assertThat(survey.percentile(0)).isEqualTo(survey.lengths().get(0));
    }

    @Test
    void readsPartsOfALargeSourceAndEstimatesTheRest() throws IOException {
        Survey survey = survey(PrepareFixture.mails(4000), 20_000);

        assertThat(survey.isWhole()).isFalse();
        assertThat(survey.readRows()).isLessThan(2000);
        assertThat(survey.rows()).isBetween(3000L, 5000L);
        assertThat(survey.labels()).containsOnlyKeys("ham", "spam");
        assertThat(survey.lengths()).hasSize((int) survey.readRows());
    }

    @Test
    void refusesASourceWithoutUsableRows() {
        assertThatThrownBy(() -> survey(List.of("{\"text\": \"a\", \"label\": null}"), 32 << 20))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("none of 1 rows can be used (no_label: 1)");
    }
}
