package io.github.sparkfinetune.spark.estimate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.spark.StageFigures;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.shuffle.Levels;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(600)
class EstimateTest {
    private static final NearDuplicates.Options NEAR = new NearDuplicates.Options(5, 14, 8, 0.75, 42);

    @TempDir
    private Path folder;

    private static SourceFiles source(long files, long bytes) {
        return SourceFiles.planned(files, bytes);
    }

    /** Sizes from 100 GB to a petabyte, of documents of a kilobyte. */
    @ParameterizedTest
    @CsvSource({"40000, 100000000", "400000, 1000000000", "4000000, 10000000000", "4000000, 1000000000000"})
    void blocksAndTheDriversMemoryAreBounded(long files, long documents) {
        PrepareEstimate.Corpus corpus =
                new PrepareEstimate.Corpus(source(files, documents * 1_000), documents, 10_000, 1024);
        PrepareEstimate estimate = PrepareEstimate.of(corpus, Optional.empty());

        assertThat(estimate.blocksPerTask()).isLessThanOrEqualTo(Levels.BLOCKS_A_TASK);
        assertThat(estimate.partitions()).isLessThanOrEqualTo(110_000);
        if (documents <= 10_000_000_000L) {
            assertThat(estimate.driver().sum()).isLessThan(2L << 30);
            PrepareEstimate near = PrepareEstimate.of(corpus, Optional.of(NEAR));
            assertThat(near.blocksPerTask()).isLessThanOrEqualTo(Levels.BLOCKS_A_TASK);
            assertThat(near.driver().sum()).isLessThan(2L << 30);
        }
    }

    @ParameterizedTest
    @CsvSource({"classification, 1000000000", "sft, 1000000000", "sft, 10000000000"})
    void partsOfAPredictionAreBounded(String task, long rows) {
        RunConfig config = RunConfigLoader.parse(
                "model: m\ntask: " + task + "\ndata: {train: x}\noutput: {dir: o}\n", "t", List.of());
        PredictEstimate estimate = PredictEstimate.of(TaskSpecs.of(config), source(4_000_000, rows * 200), rows);

        assertThat(estimate.parts()).isLessThanOrEqualTo(50_001);
        assertThat(estimate.rows()).isLessThanOrEqualTo(1 + rows / estimate.parts());
        assertThat(estimate.driver().sum()).isLessThan(1L << 30);
    }

    /** The file has no blocks on the disk. */
    @Test
    void planWarnsOfTheDiskThatShinglesTake() throws IOException {
        Path crawl = folder.resolve("crawl.txt");
        try (RandomAccessFile file = new RandomAccessFile(crawl.toFile(), "rw")) {
            file.setLength(6L << 30);
        }
        String yaml = "model: m\ntask: causal-lm\noutput: {dir: o}\ndata:\n  train: " + crawl
                + "\n  format: text\n  corpus: {near_dedup: {enabled: true}}\n";
        RunConfig config = RunConfigLoader.parse(yaml, "t", List.of());

        assertThat(PrepareJob.slowSources(config, new Configuration()))
                .containsExactly("data.corpus.near_dedup: prepare keeps about 8,192 MB of shingles in spark.local.dir"
                        + " of the executors, beside the files of its shuffles");
        RunConfig without = RunConfigLoader.parse(yaml, "t", List.of("data.corpus.near_dedup.enabled=false"));
        assertThat(PrepareJob.slowSources(without, new Configuration())).isEmpty();
    }

    /** 12 tasks read, 20 shards are written. */
    @Test
    void aRunHasTheEstimatedTasksBlocksAndBytes() throws Exception {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 8_000; i++) {
            rows.add(PrepareFixture.json(i, i % 3 == 0 ? "spam" : "ham"));
        }
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), rows);
        RunConfig config = RunConfigLoader.parse(
                RunConfigLoader.toYaml(PrepareFixture.config(folder.resolve("dataset"), "train: " + mails)),
                "t",
                List.of("data.shards=20", "data.deduplicate=true"));
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("estimate-test")
                .config("spark.ui.enabled", false)
                .config("spark.shuffle.compress", false)
                .config("spark.sql.files.minPartitionNum", 12)
                .getOrCreate()) {
            SourceFiles source = Sources.of(spark, config.data()).get(0);
            PrepareEstimate estimate =
                    PrepareEstimate.of(new PrepareEstimate.Corpus(source, 8_000, 2, 12), Optional.empty(), 20);

            StageFigures figures = StageFigures.of(spark, () -> PrepareJob.run(spark, config));

            ShuffleEstimate samples =
                    estimate.shuffles().get(estimate.shuffles().size() - 1);
            StageInfo written = figures.stages().stream()
                    .filter(stage -> stage.numTasks() == 20)
                    .findFirst()
                    .orElseThrow();
            assertThat(estimate.partitions()).isEqualTo(12);
            assertThat(written.taskMetrics().shuffleReadMetrics().totalBlocksFetched())
                    .isEqualTo(samples.blocks());
            assertThat(written.taskMetrics().shuffleReadMetrics().recordsRead()).isEqualTo(samples.rows());
            assertThat((double) written.taskMetrics().shuffleReadMetrics().totalBytesRead())
                    .isCloseTo((double) samples.bytes(), within(0.3 * samples.bytes()));
            ShuffleEstimate hashes = estimate.shuffles().get(0);
            assertThat(figures.shuffledRows()).isBetween(samples.rows() + hashes.rows(), samples.rows() * 21 / 10);
        }
    }
}
