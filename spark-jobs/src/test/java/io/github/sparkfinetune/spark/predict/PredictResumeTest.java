package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.model.TaskModels;
import io.github.sparkfinetune.spark.prepare.FaultyFileSystem;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.RowFile;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.Sources;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Interrupted predictions and evaluations: the same command computes the missing parts, and another command is refused.
 */
@Timeout(600)
class PredictResumeTest {
    private static final int PARTS = 6;

    @TempDir
    private static Path folder;

    private static SparkSession spark;
    private static Path input;

    @BeforeAll
    static void train() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(60));
        input = Files.createDirectory(folder.resolve("input"));
        for (int part = 0; part < PARTS; part++) {
            PrepareFixture.write(
                    input.resolve("part-" + part + ".jsonl"),
                    List.of(PrepareFixture.json(part, "ham"), PrepareFixture.json(part + 100, "ham")));
        }
        RunConfig config = config();
        spark = SparkSessions.open(
                config,
                "test",
                "local[1]",
                Map.of("spark.sql.files.minPartitionNum", Integer.toString(PARTS), "spark.task.maxFailures", "1"));
        PrepareJob.run(spark, config);
        TrainJob.run(spark, config, record -> {});
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static RunConfig config(String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model="
                        + Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
                                .toAbsolutePath()
                                .normalize(),
                "cluster.ranks=1",
                "data.max_length=16",
                "training.max_steps=1"));
        Collections.addAll(all, settings);
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private static void predict(RunConfig config, Path output) {
        PredictJob.run(spark, config, "--input", input.toString(), output.toString());
    }

    private static List<Row> rows(Path output) {
        return spark.read().parquet(output.toString()).orderBy("index").collectAsList();
    }

    /** Returns the time at which each part was written. */
    static Map<String, FileTime> parts(Path output) throws Exception {
        Map<String, FileTime> parts = new TreeMap<>();
        try (Stream<Path> files = Files.list(output)) {
            for (Path file : files.filter(file -> file.getFileName().toString().startsWith("part-"))
                    .toList()) {
                parts.put(file.getFileName().toString(), Files.getLastModifiedTime(file));
            }
        }
        return parts;
    }

    @Test
    void predictsOnlyTheMissingParts() throws Exception {
        Path whole = folder.resolve("whole");
        predict(config(), whole);
        assertThat(parts(whole)).hasSize(PARTS).containsKeys("part-00000.parquet", "part-00005.parquet");
        assertThat(whole.resolve("_SUCCESS")).exists();
        List<Row> expected = rows(whole);
        assertThat(expected).hasSize(2 * PARTS);
        assertThatThrownBy(() -> predict(config("data.max_length=8"), whole)).hasMessageContaining("exists already");

        // The driver died after all parts were there, before its exit.
        Map<String, FileTime> all = parts(whole);
        predict(config(), whole);
        assertThat(parts(whole)).isEqualTo(all);

        // The folder as a killed command leaves it.
        Files.delete(whole.resolve("_SUCCESS"));
        Files.delete(whole.resolve("part-00002.parquet"));
        Files.delete(whole.resolve("part-00004.parquet"));
        Files.writeString(whole.resolve(".part-00004.parquet.5f0c"), "PAR1");
        Map<String, FileTime> left = parts(whole);
        long tasks = TaskModels.loads();

        predict(config(), whole);

        assertThat(TaskModels.loads() - tasks).isEqualTo(1);
        assertThat(parts(whole)).hasSize(PARTS).containsAllEntriesOf(left);
        assertThat(whole.resolve("_SUCCESS")).exists();
        assertThat(whole.resolve(".part-00004.parquet.5f0c")).doesNotExist();
        assertThat(rows(whole)).isEqualTo(expected);
    }

    @Test
    void takesNoCheckOfALeaseForOtherData() throws Exception {
        Path output = Files.createDirectories(folder.resolve("checked"));
        for (String name : List.of("._COMMAND-1b82d488", ".._COMMAND-1b82d488.crc", ".._predict.json.77aa.crc")) {
            Files.writeString(output.resolve(name), "");
        }
        predict(config(), output);
        assertThat(parts(output)).hasSize(PARTS);

        Path other = Files.createDirectories(folder.resolve("notes"));
        Files.writeString(other.resolve("notes.txt"), "");
        assertThatThrownBy(() -> predict(config(), other))
                .hasMessageContaining("notes exists already (it holds notes.txt): choose another output, or delete it");
    }

    @Test
    void evaluatesOnlyTheMissingParts() throws Exception {
        RunConfig config = config("cluster.ranks=3");
        Path predictions = Path.of(config.output().dir(), EvaluateJob.PREDICTIONS);
        Map<String, Double> expected = EvaluateJob.run(spark, config).get(0).metrics();
        assertThat(parts(predictions)).hasSize(3);
        List<Row> rows = rows(predictions);

        Files.delete(predictions.resolve("_SUCCESS"));
        Files.delete(predictions.resolve("part-00001.parquet"));
        Map<String, FileTime> left = parts(predictions);
        Map<String, Double> metrics = EvaluateJob.run(spark, config).get(0).metrics();

        assertThat(parts(predictions)).hasSize(3).containsAllEntriesOf(left);
        assertThat(predictions.resolve("_SUCCESS")).exists();
        assertThat(rows(predictions)).isEqualTo(rows);
        assertThat(metrics).isEqualTo(expected);

        // A model that was trained again is evaluated again.
        Path model = Path.of(config.output().model(), "model.safetensors");
        FileTime before = Files.getLastModifiedTime(model);
        Files.setLastModifiedTime(model, FileTime.fromMillis(before.toMillis() + 5000));
        try {
            EvaluateJob.run(spark, config);
        } finally {
            Files.setLastModifiedTime(model, before);
        }
        Map<String, FileTime> again = parts(predictions);
        assertThat(again.keySet()).isEqualTo(Set.of("part-00000.parquet", "part-00001.parquet", "part-00002.parquet"));
        left.forEach((name, time) -> assertThat(again.get(name)).isGreaterThan(time));
    }

    @Test
    @Tag("full")
    void evaluatesPartAfterPartInATask() throws Exception {
        RunConfig config = RunPaths.resolve(config(), spark.sparkContext().master(), new Configuration());
        Manifest manifest = Manifest.read(new org.apache.hadoop.fs.Path(config.dataset()), new Configuration());
        ModelTask model =
                ModelTask.of(spark.sparkContext(), config, ModelTask.Which.TRAINED, ModelTask.newCommand(), 2);
        Path output = folder.resolve("evaluated");
        EvaluatedParts parts = EvaluatedParts.of(model, manifest, Manifest.EVAL, output.toString(), 2, 3);
        assertThat(parts.parts()).isEqualTo(6);

        assertThat(computed(parts)).isEqualTo(6);
        List<Row> rows = rows(output);
        assertThat(rows).hasSize((int) manifest.split(Manifest.EVAL).rows());
        Files.delete(output.resolve("part-00004.parquet"));
        assertThat(computed(parts)).isEqualTo(1);

        assertThat(rows(output)).isEqualTo(rows);
        EvaluatedParts whole = EvaluatedParts.of(model, manifest, Manifest.EVAL, output + "-whole", 1);
        assertThat(whole.parts()).isEqualTo(1);
        assertThat(computed(whole)).isEqualTo(1);
        // Other batches give other last bits.
        assertThat(texts(Path.of(output + "-whole"))).isEqualTo(texts(output));
    }

    private static List<Row> texts(Path output) {
        return spark.read()
                .parquet(output.toString())
                .orderBy("index")
                .select("index", "text", "label", "prediction")
                .collectAsList();
    }

    private static int computed(EvaluatedParts parts) {
        return new JavaSparkContext(spark.sparkContext())
                .parallelize(IntStream.range(0, parts.tasks()).boxed().toList(), parts.tasks())
                .mapPartitions(parts)
                .reduce(Integer::sum);
    }

    @Test
    void refusesAPredictionThatWasBegunWithOtherSettings() throws Exception {
        Path output = folder.resolve("other");
        predict(config(), output);
        Files.delete(output.resolve("_SUCCESS"));

        assertThatThrownBy(() -> predict(config("data.max_length=8"), output))
                .isInstanceOfSatisfying(
                        RunException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIG))
                .hasMessageContaining("data.max_length was 16 and is now 8");

        Path model = Path.of(config().output().model(), "model.safetensors");
        FileTime before = Files.getLastModifiedTime(model);
        Files.setLastModifiedTime(model, FileTime.fromMillis(before.toMillis() + 5000));
        try {
            assertThatThrownBy(() -> predict(config(), output))
                    .hasMessageContaining("the model's model.safetensors was");
        } finally {
            Files.setLastModifiedTime(model, before);
        }
        // Ranks and settings of the training do not matter.
        predict(config("cluster.ranks=2", "training.logging_steps=7"), output);
        assertThat(rows(output)).hasSize(2 * PARTS);
    }

    @Test
    void splitsASmallInputIntoOnePartPerRank() {
        Path output = folder.resolve("small");
        PredictJob.run(
                spark,
                config("cluster.ranks=2"),
                "--input",
                input.resolve("part-0.jsonl").toString(),
                output.toString());
        assertThat(rows(output)).extracting(row -> row.<Long>getAs("index")).containsExactly(0L, 1L);
    }

    @Test
    void resumesACommandThatWasKilledAtItsBeginning() throws Exception {
        Path output = Files.createDirectory(folder.resolve("begun"));
        Files.writeString(output.resolve("._predict.json.5f0c"), "{");

        predict(config(), output);

        assertThat(rows(output)).hasSize(2 * PARTS);
    }

    @Test
    @Tag("full")
    void deletesPartsOfAnEarlierPartitioning() throws Exception {
        Path output = folder.resolve("earlier");
        predict(config(), output);
        List<Row> expected = rows(output);
        Files.delete(output.resolve("_SUCCESS"));
        Files.copy(output.resolve("part-00001.parquet"), output.resolve("part-00017.parquet"));
        Files.copy(
                output.resolve("part-00003.parquet"),
                output.resolve("part-00002.parquet"),
                StandardCopyOption.REPLACE_EXISTING);
        Files.write(output.resolve("part-00004.parquet"), new byte[] {'P', 'A', 'R', '1'});

        predict(config(), output);

        assertThat(parts(output)).hasSize(PARTS);
        assertThat(rows(output)).isEqualTo(expected);
    }

    @Test
    void refusesToFinishAFolderThatAnotherCommandWritesTo() throws Exception {
        Path output = folder.resolve("shared");
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(output.toUri());
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        RowType<?> type = TaskSpecs.of(config()).predictionRows();
        PredictionFolder prediction =
                PredictionFolder.open(path, new RowFolder(path, type, hadoop), hadoop, Map.of(), 1);
        List<PredictedPart> written = new ArrayList<>();
        for (int number = 0; number < 2; number++) {
            RowFile file = RowFile.write(
                    RowFolder.part(path, number), type, Collections.emptyIterator(), "rows " + number, hadoop);
            written.add(new PredictedPart(number, file.madeOf(), file.bytes()));
        }

        for (List<PredictedPart> wrong : List.of(
                List.of(written.get(0)),
                List.of(written.get(0), written.get(1), new PredictedPart(2, "rows 2", 1)),
                List.of(written.get(0), new PredictedPart(1, "others", 1)))) {
            assertThatThrownBy(() -> prediction.finish(wrong))
                    .isInstanceOfSatisfying(
                            RunException.class,
                            refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.FAILED))
                    .hasMessageContaining("was not written by this command");
            assertThat(output.resolve("_SUCCESS")).doesNotExist();
        }
        // Another attempt of a task may have written the same rows with other bytes.
        prediction.finish(
                List.of(written.get(0), new PredictedPart(1, written.get(1).rows(), 1)));
        assertThat(output.resolve("_SUCCESS")).exists();
    }

    @Test
    @Tag("full")
    void savesAPartPieceByPiece() throws Exception {
        Configuration hadoop = FaultyFileSystem.in(spark.sparkContext().hadoopConfiguration());
        RunConfig config = config();
        Path one = folder.resolve("one.jsonl");
        PrepareFixture.write(one, PrepareFixture.mails(40));
        // One part with all 40 rows, in ten pieces of four rows. Each row counts as 256 characters.
        PartSizes sizes = new PartSizes(1 << 20, 4 * PartSizes.LEAST_OF_A_ROW, 1);
        spark.conf().set("spark.sql.files.minPartitionNum", 1);
        try {
            Path whole = folder.resolve("pieces");
            PredictJob.run(spark, config, "--input", one.toString(), "faulty:" + whole, sizes);
            assertThat(FaultyFileSystem.created(".*_unfinished/part-00000/.*")).hasSize(10);
            assertThat(whole.resolve("_unfinished")).doesNotExist();
            List<Row> expected = rows(whole);
            assertThat(expected).extracting(row -> row.<Long>getAs("index")).isEqualTo(longs(40));

            Path killed = folder.resolve("killed");
            hadoop.set(FaultyFileSystem.FULL, "00006.parquet");
            assertThatThrownBy(
                            () -> PredictJob.run(spark, config, "--input", one.toString(), "faulty:" + killed, sizes))
                    .hasMessageContaining("No space left on device");
            hadoop.unset(FaultyFileSystem.FULL);
            Path pieces = killed.resolve("_unfinished/part-00000");
            assertThat(pieces).isDirectoryNotContaining("glob:**/00006.parquet");
            // One piece has other rows, and one is cut off.
            Files.copy(
                    pieces.resolve("00001.parquet"),
                    pieces.resolve("00002.parquet"),
                    StandardCopyOption.REPLACE_EXISTING);
            Files.write(pieces.resolve("00003.parquet"), new byte[100]);
            FaultyFileSystem.created("");

            PredictJob.run(spark, config, "--input", one.toString(), "faulty:" + killed, sizes);

            assertThat(FaultyFileSystem.created(".*_unfinished/part-00000/.*"))
                    .extracting(file -> file.replaceFirst(".*/\\.(\\d+).*", "$1"))
                    .containsExactly("00002", "00003", "00006", "00007", "00008", "00009");
            assertThat(rows(killed)).isEqualTo(expected);
            assertThat(killed.resolve("part-00000.parquet"))
                    .hasSameBinaryContentAs(whole.resolve("part-00000.parquet"));
            assertThat(killed.resolve("_unfinished")).doesNotExist();
        } finally {
            hadoop.unset(FaultyFileSystem.FULL);
            spark.conf().set("spark.sql.files.minPartitionNum", PARTS);
        }
    }

    private static List<Long> longs(int count) {
        return LongStream.range(0, count).boxed().toList();
    }

    @Test
    void limitsThePartsOfALargeSource() throws Exception {
        Path large = folder.resolve("large.jsonl");
        PrepareFixture.write(large, PrepareFixture.mails(300));
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength(1L << 40);
        }
        PartSizes sizes = PartSizes.of(TaskSpecs.of(config("task=sft")));
        SourceFiles source = Sources.of(spark, config().data(), "--input", null, large.toString());

        int parts = PrepareJob.inputs(spark, config(), source, sizes.partOf(source), 1, 2 * sizes.most())
                .getNumPartitions();

        assertThat(parts).isBetween(49_000, 50_001);
        Files.delete(large);
    }
}
