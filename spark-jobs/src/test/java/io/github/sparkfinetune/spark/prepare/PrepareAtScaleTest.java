package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.StageFigures;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourcePartitions;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.Sources;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tasks, blocks of shuffles and labels, which grow with the text. */
@Timeout(600)
class PrepareAtScaleTest {
    private static SparkSession spark;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        spark = PrepareFixture.spark(2);
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static List<StageInfo> stages(Runnable work) throws Exception {
        return StageFigures.of(spark, work).stages();
    }

    @Test
    void shufflesByRowsNotByFilesForDeduplication() throws Exception {
        List<StratumHashes> parts = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            parts.add(new StratumHashes("ham", new long[] {1, 2, i}, new long[] {1, 2, i}, new long[0], new long[0]));
        }
        List<StratumHashes> distinct = new ArrayList<>();
        List<StageInfo> stages = stages(() -> distinct.addAll(SourceScan.distinct(
                        JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(parts, 50), 150)
                .collect()));

        assertThat(stages).extracting(StageInfo::numTasks).containsExactly(1, 1);
        assertThat(distinct).hasSize(1);
        assertThat(distinct.get(0).second()).hasSize(50);
    }

    /** Returns a run on short rows whose labels follow each other in turn. */
    private RunConfig ofLabels(int rows, int labels) throws IOException {
        List<String> lines = IntStream.range(0, rows)
                .mapToObj(i -> "{\"text\": \"mail " + i + "\", \"label\": \"topic-" + i % labels + "\"}")
                .toList();
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        return PrepareFixture.config(
                folder.resolve("dataset"), "train: " + mails, "eval_fraction: 0.34", "test_fraction: 0.33");
    }

    @Test
    void splitsThousandsOfLabelsExactly() throws IOException {
        RunConfig config = ofLabels(12_000, 4_000);
        Manifest manifest = PrepareJob.run(spark, config);
        assertThat(manifest.labels()).hasSize(4_000);
        for (String split : List.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST)) {
            assertThat(manifest.split(split).rowsPerLabel()).hasSize(4_000).containsOnly(1L);
        }
    }

    /** A shard counts the samples of each label: 16 KB in each of 200 shards and 3 splits. */
    @Test
    void sendsTheDriverOneCountOfTheLabelsNotOneAShard() throws Exception {
        RunConfig config = ofLabels(6_000, 2_000);
        RunConfig many = RunConfigLoader.parse(RunConfigLoader.toYaml(config), "test.yaml", List.of("data.shards=200"));

        StageFigures figures = StageFigures.of(spark, () -> PrepareJob.run(spark, many));

        assertThat(figures.stages())
                .filteredOn(stage -> stage.numTasks() == 200)
                .isNotEmpty()
                .allSatisfy(
                        stage -> assertThat(stage.taskMetrics().resultSize()).isLessThan(1L << 20));
    }

    @Test
    @Tag("full")
    void sendsTheDriverOneResultPerRoundOfTheSplit() throws Exception {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 12_000; i++) {
            rows.add("{\"text\": \"mail " + i + "\", \"label\": \"topic-" + i * 31 % 2_000 + "\"}");
        }
        try (SourceScan scan =
                SourceScan.of(read(PrepareFixture.write(folder.resolve("mails.jsonl"), rows), true), false)) {
            TrainingRows training = TrainingRows.of(List.of(scan), Mixture.whole(42), false);
            assertThat(training.hashes().getNumPartitions()).isGreaterThan(100);
            List<StageInfo> stages =
                    stages(() -> SplitPlan.of(training, GroupSplitTest.options(0.34, 0.33, null, null)));

            assertThat(stages)
                    .isNotEmpty()
                    .allSatisfy(stage -> assertThat(stage.taskMetrics().resultSize())
                            .as("bytes that the driver gets")
                            .isLessThan(10L << 20));
        }
    }

    private SourceReader.Rows<?> read(Path file, boolean supervised, String... data) throws IOException {
        List<String> all = new ArrayList<>(List.of(data));
        all.add("train: " + file);
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), all.toArray(String[]::new));
        TokenizerFiles tokenizer = PrepareJob.tokenizer(config, new Configuration());
        SourceFiles files = Sources.of(spark, config.data()).get(0);
        return new SourceReader(spark, tokenizer, config.data(), 2 << 10).read(files, TaskDatas.of(config), supervised);
    }

    private static long usable(SourceReader.Rows<?> rows) {
        return SourceScan.of(rows, false).usable();
    }

    @Test
    void splitsLargeFilesOrSpreadsTheirRows() throws Exception {
        List<String> csv = new ArrayList<>(List.of("label,text"));
        for (int i = 0; i < 800; i++) {
            csv.add((i % 5 == 0 ? "spam" : "ham") + "," + PrepareFixture.text(i));
        }
        Path plain = PrepareFixture.write(folder.resolve("mails.csv"), csv);
        Path gzip = folder.resolve("mails.csv.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            Files.copy(plain, out);
        }

        SourceReader.Rows<?> parts = read(plain, true);
        SourceReader.Rows<?> multiline = read(plain, true, "multiline: true");
        SourceReader.Rows<?> compressed = read(gzip, true);
        assertThat(usable(parts)).isEqualTo(800);
        assertThat(parts.rdd().getNumPartitions()).as("cut by bytes").isGreaterThan(10);
        for (SourceReader.Rows<?> spread : List.of(multiline, compressed)) {
            assertThat(spread.rdd().getNumPartitions()).isGreaterThan(3);
            assertThat(usable(spread)).isEqualTo(800);
            assertThat(spread.rdd()
                            .mapPartitions(rows -> {
                                long count = 0;
                                while (rows.hasNext()) {
                                    rows.next();
                                    count++;
                                }
                                return List.of(count).iterator();
                            })
                            .collect())
                    .allSatisfy(rows -> assertThat(rows).isBetween(1L, 400L));
        }
        assertThat(read(gzip, false).rdd().getNumPartitions())
                .as("rows to predict stay in their order")
                .isEqualTo(1);

        byte[] bytes = Files.readAllBytes(gzip);
        Path broken = Files.write(folder.resolve("broken.csv.gz"), Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> usable(read(broken, true)))
                .rootCause()
                .as("the file is named although its rows are spread")
                .hasMessageContaining("end of input");
    }

    @Test
    void usesMoreShardsForMoreText() throws IOException {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(30));
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), "train: " + mails);
        SourceFiles small = Sources.of(spark, config.data()).get(0);
        assertThat(Sources.shards(List.of(small))).isEqualTo(8);
        assertThat(Sources.shards(List.of(of(10L << 30, Optional.empty())))).isEqualTo(40);
        assertThat(Sources.shards(List.of(of(1L << 40, Optional.empty())))).isEqualTo(4096);
    }

    @Test
    void spreadsRowsIfFewTasksReadMuch() {
        long part = 32 << 20;
        Optional<SourceFiles.Whole> whole = Optional.of(new SourceFiles.Whole("a.csv.gz", 1L << 30, 4L << 30));
        assertThat(SourcePartitions.tasks(of(4L << 30, whole), 1, 16, part)).isEqualTo(128);
        assertThat(SourcePartitions.tasks(of(200L << 30, whole), 50, 16, part))
                .as("many files")
                .isEqualTo(50);
        assertThat(SourcePartitions.tasks(of(4L << 30, Optional.empty()), 1, 16, part))
                .as("the file can be split")
                .isEqualTo(1);
        Optional<SourceFiles.Whole> little = Optional.of(new SourceFiles.Whole("a.csv.gz", 1000, 4000));
        assertThat(SourcePartitions.tasks(of(4000, little), 1, 16, part)).isEqualTo(1);
    }

    private static SourceFiles of(long textBytes, Optional<SourceFiles.Whole> whole) {
        return new SourceFiles(
                "data.train",
                Manifest.TRAIN,
                "file:/mails",
                DataFormat.CSV,
                new SourceFiles.Listing(1, "file:/mails", 0, List.of()),
                new SourceFiles.Size(textBytes, textBytes, whole),
                "ab",
                null);
    }
}
