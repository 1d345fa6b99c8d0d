package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.predict.table.PredictionTable;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.prepare.TableSessions;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Predictions of tables that resume although the session partitions the table in another way than before. */
@Timeout(600)
class PredictTablesTest {
    /** Rows of each file of a table. */
    private static final int[] FILES = {50, 40, 30, 20, 10, 10};

    private static final int ROWS = Arrays.stream(FILES).sum();

    @TempDir
    private static Path folder;

    private static SparkSession spark;

    /** Table or view that predict reads. */
    enum Source {
        PLAIN("plain_mails"),
        DELTA("delta_mails"),
        ICEBERG("lake.mails"),
        /** The rows are distributed to partitions in turn, beginning with the rows of the first file. */
        VIEW("dealt_mails"),
        /** Spark may join small shuffle blocks into one partition, by their sizes. */
        JOIN("joined_mails");

        private final String table;

        Source(String table) {
            this.table = table;
        }
    }

    @BeforeAll
    static void train() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(60));
        open(1);
        PrepareJob.run(spark, config());
        TrainJob.run(spark, config(), record -> {});
        Dataset<Row> mails = null;
        for (int file = 0; file < FILES.length; file++) {
            Dataset<Row> table = mails(file).coalesce(1);
            mails = mails == null ? table : mails.unionByName(table);
        }
        mails.write().parquet(folder.resolve("plain_mails").toString());
        mails.write().format("delta").save(folder.resolve("delta_mails").toString());
        nameTables();
        // One append, because Iceberg reads the manifests of several appends concurrently and returns their files in
        // any order.
        mails.writeTo("lake.mails").using("iceberg").create();
    }

    /** Creates the tables again, because a session's catalog ends with the session. */
    private static void nameTables() {
        spark.sql("CREATE TABLE plain_mails USING parquet LOCATION '" + folder.resolve("plain_mails") + "'");
        spark.sql("CREATE TABLE delta_mails USING delta LOCATION '" + folder.resolve("delta_mails") + "'");
    }

    /** Returns texts that do not shrink when compressed. */
    private static Dataset<Row> mails(int file) {
        int first = IntStream.range(0, file).map(before -> FILES[before]).sum();
        List<String> texts = IntStream.range(first, first + FILES[file])
                .mapToObj(number -> "mail " + number + " " + PrepareFixture.noise(number, 400))
                .toList();
        return spark.createDataset(texts, Encoders.STRING()).toDF("text");
    }

    private static void open(int cores) {
        spark = TableSessions.in(folder.resolve("warehouse"))
                .master("local[" + cores + "]")
                .config("spark.sql.shuffle.partitions", 3)
                .config("spark.sql.files.openCostInBytes", 1)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static RunConfig config() {
        return Runs.in(
                folder,
                "model="
                        + Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
                                .toAbsolutePath()
                                .normalize(),
                "cluster.ranks=1",
                "data.max_length=16",
                "training.max_steps=1");
    }

    private static void predict(String table, Path output) {
        PredictJob.run(spark, config(), "--input", "table:" + table, output.toString());
    }

    private static long fileBytes(int files) throws Exception {
        try (Stream<Path> all = Files.walk(folder.resolve("plain_mails"))) {
            return all.filter(file -> file.toString().endsWith(".parquet"))
                    .map(file -> file.toFile().length())
                    .sorted((a, b) -> Long.compare(b, a))
                    .limit(files)
                    .mapToLong(Long::longValue)
                    .sum();
        }
    }

    /** Makes the session put this many of the largest files into the first partition. */
    private static void cut(Source source, int files) throws Exception {
        long bytes = fileBytes(files) + fileBytes(1) / 10;
        spark.conf().set("spark.sql.files.maxPartitionBytes", bytes + "b");
        spark.conf().set("spark.sql.files.minPartitionNum", 1);
        if (source == Source.ICEBERG) {
            spark.sql("ALTER TABLE lake.mails SET TBLPROPERTIES ('read.split.target-size'='" + bytes
                    + "', 'read.split.open-file-cost'='1', 'read.split.adaptive-size.enabled'='false')");
        }
        spark.conf().set("spark.sql.adaptive.enabled", files > 2);
        spark.sql("CREATE OR REPLACE TEMP VIEW dealt_mails AS SELECT /*+ REPARTITION(3) */ * FROM plain_mails");
        spark.sql("CREATE OR REPLACE TEMP VIEW joined_mails AS SELECT /*+ MERGE(b) */ a.text FROM plain_mails a"
                + " JOIN plain_mails b ON a.text = b.text");
    }

    /** Returns the texts of each partition. */
    private static List<List<String>> partitions(Source source) {
        return spark.table(source.table)
                .select("text")
                .as(Encoders.STRING())
                .javaRDD()
                .glom()
                .collect();
    }

    private static Map<String, FileTime> interrupted(Path output) throws Exception {
        Files.delete(output.resolve("_SUCCESS"));
        Files.delete(output.resolve("part-00001.parquet"));
        return PredictResumeTest.parts(output);
    }

    private static void requireEachRowOnce(Path output) {
        Dataset<Row> rows = spark.read().parquet(output.toString()).cache();
        assertThat(rows.count()).isEqualTo(ROWS);
        assertThat(rows.select("text").distinct().count()).as("texts").isEqualTo(ROWS);
        assertThat(rows.select("index").distinct().count()).as("numbers").isEqualTo(ROWS);
        assertThat(output.resolve("_SUCCESS")).exists();
        rows.unpersist();
    }

    static Stream<Arguments> sources() {
        return TestMatrix.first(
                2,
                Stream.of(Source.PLAIN, Source.ICEBERG, Source.VIEW, Source.JOIN, Source.DELTA)
                        .map(Arguments::of)
                        .toArray(Arguments[]::new));
    }

    @ParameterizedTest
    @MethodSource("sources")
    void predictsEachRowOnceForAnyPartitionsOfATable(Source source) throws Exception {
        Path output = folder.resolve(source.name());
        cut(source, 2);
        List<List<String>> before = partitions(source);
        predict(source.table, output);
        requireEachRowOnce(output);
        Map<String, FileTime> left = interrupted(output);

        predict(source.table, output);
        requireEachRowOnce(output);
        assertThat(left).isNotEmpty();
        assertThat(PredictResumeTest.parts(output)).containsAllEntriesOf(left).hasSize(left.size() + 1);

        interrupted(output);
        cut(source, 3);
        assertThat(partitions(source)).isNotEqualTo(before);
        predict(source.table, output);
        requireEachRowOnce(output);
    }

    @ParameterizedTest
    @ValueSource(strings = {"delta", "iceberg"})
    void appendsPredictionsToATableOnce(String format) throws Exception {
        String table = format.equals("delta") ? "labels" : "lake.labels";
        String target = "table:" + table;
        Path alone = folder.resolve(format + "-alone");
        predict("plain_mails", alone);
        assertThatThrownBy(() -> append(target))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("there is no table " + table + ": create it")
                .hasMessageContaining("`probabilities` ARRAY<DOUBLE>");
        spark.sql("CREATE TABLE " + table + " (index BIGINT, file STRING, text STRING) USING " + format);
        assertThatThrownBy(() -> append(target))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(
                        table + " needs the columns `text_pair` STRING, `prediction` STRING, `score` DOUBLE");
        String added = Arrays.stream(
                        spark.read().parquet(alone.toString()).schema().fields())
                .filter(field -> !List.of("index", "file", "text").contains(field.name()))
                .map(field -> field.name() + " " + field.dataType().sql())
                .collect(Collectors.joining(", "));
        spark.sql("ALTER TABLE " + table + " ADD COLUMNS (" + added + ", reviewer STRING)");

        append(target);

        Dataset<Row> expected = spark.read().parquet(alone.toString());
        List<Row> rows = expected.orderBy("index").collectAsList();
        assertThat(appended(table, expected)).isEqualTo(rows);
        assertThat(spark.table(table).filter("reviewer IS NOT NULL").count()).isZero();
        append(target);
        assertThat(appended(table, expected)).as("of the same command again").isEqualTo(rows);

        // A command that is killed after the commit, and one that is killed before it.
        Path staged;
        try (Stream<Path> all = Files.walk(Path.of(config().output().dir(), PredictionTable.FOLDER))) {
            staged = all.filter(file -> file.endsWith("_table.json"))
                    .filter(file -> contains(file, '"' + table + '"'))
                    .findFirst()
                    .orElseThrow();
        }
        assertThat(staged.resolveSibling("part-00000.parquet")).doesNotExist();
        String mark = Files.readString(staged);
        Files.writeString(staged, mark.replaceFirst(",\\s*\"appended\"[^}]*", ""));
        append(target);
        assertThat(appended(table, expected)).isEqualTo(rows);
        Files.delete(staged);
        append(target);
        assertThat(spark.table(table).count()).isEqualTo(2L * rows.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"delta", "iceberg"})
    void theSameCommandTwiceAtOnceAppendsEachRowOnce(String format) throws Exception {
        String table = format.equals("delta") ? "labels_at_once" : "lake.labels_at_once";
        Path alone = folder.resolve(format + "-at-once");
        predict("plain_mails", alone);
        Dataset<Row> expected = spark.read().parquet(alone.toString());
        spark.sql("CREATE TABLE " + table + " (" + expected.schema().toDDL().replace(" NOT NULL", "") + ") USING "
                + format);
        ExecutorService commands = Executors.newFixedThreadPool(2);
        CyclicBarrier together = new CyclicBarrier(2);
        Callable<Void> command = () -> {
            together.await();
            append("table:" + table);
            return null;
        };
        List<RunException> refused = new ArrayList<>();
        for (Future<Void> each : commands.invokeAll(List.of(command, command))) {
            try {
                each.get();
            } catch (ExecutionException e) {
                refused.add((RunException) e.getCause());
            }
        }
        commands.shutdown();

        assertThat(refused).hasSizeLessThan(2).allSatisfy(error -> {
            assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
            assertThat(error).hasMessageContaining("is being written by run ");
        });
        assertThat(appended(table, expected))
                .isEqualTo(expected.orderBy("index").collectAsList());
        append("table:" + table);
        assertThat(spark.table(table).count()).isEqualTo(ROWS);
    }

    private static boolean contains(Path file, String text) {
        try {
            return Files.readString(file).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void append(String target) {
        PredictJob.run(spark, config(), "--input", "table:plain_mails", target);
    }

    private static List<Row> appended(String table, Dataset<Row> expected) {
        return spark.table(table)
                .select(Arrays.stream(expected.columns())
                        .map(org.apache.spark.sql.functions::col)
                        .toArray(org.apache.spark.sql.Column[]::new))
                .orderBy("index")
                .collectAsList();
    }

    /** Spark repeats the last batch of a stream that ended after its rows were in the table. */
    @Test
    void aStreamWritesEachRowOnceIntoATable() throws Exception {
        String table = folder.resolve("streamed_mails").toString();
        Path state = folder.resolve("streamed_state");
        stream(table, state);
        List<Row> once = predictions(spark.read().format("delta").load(table));
        Path last;
        try (Stream<Path> commits = Files.list(state.resolve("commits"))) {
            last = commits.filter(file -> !file.getFileName().toString().startsWith("."))
                    .max(Comparator.comparingInt(
                            file -> Integer.parseInt(file.getFileName().toString())))
                    .orElseThrow();
        }
        Files.delete(last);
        Files.deleteIfExists(last.resolveSibling("." + last.getFileName() + ".crc"));

        stream(table, state);

        assertThat(last).as("the batch was repeated").exists();
        assertThat(once).hasSize(ROWS).isEqualTo(predictions(predicted(spark.table("delta_mails"))));
        assertThat(predictions(spark.read().format("delta").load(table))).isEqualTo(once);
    }

    private static List<Row> predictions(Dataset<Row> rows) {
        return rows.select("text", "prediction").orderBy("text").collectAsList();
    }

    private static Dataset<Row> predicted(Dataset<Row> mails) {
        Map<String, Column> inputs = Map.of("text", functions.col("text"));
        return FramePredictions.of(mails, config(), inputs, "streamed", "predicted")
                .select("text", "predicted.prediction");
    }

    private static void stream(String table, Path state) throws Exception {
        Dataset<Row> mails = spark.readStream()
                .format("delta")
                .option("maxFilesPerTrigger", 2)
                .load(folder.resolve("delta_mails").toString());
        StreamingQuery query = predicted(mails)
                .writeStream()
                .format("delta")
                .option("checkpointLocation", state.toString())
                .start(table);
        try {
            query.processAllAvailable();
        } finally {
            query.stop();
        }
    }

    @Test
    @Tag("full")
    void predictsEachRowOnceInASessionWithOtherCores() throws Exception {
        Path output = folder.resolve("cores");
        List<Integer> partitions = new ArrayList<>();
        for (int cores : new int[] {3, 2}) {
            spark.stop();
            open(cores);
            nameTables();
            partitions.add(partitions(Source.PLAIN).size());
            predict("plain_mails", output);
            requireEachRowOnce(output);
            if (cores == 3) {
                interrupted(output);
            }
        }
        assertThat(partitions.get(0)).isNotEqualTo(partitions.get(1));
    }
}
