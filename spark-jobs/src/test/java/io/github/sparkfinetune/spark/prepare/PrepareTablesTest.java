package io.github.sparkfinetune.spark.prepare;

import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.source.PassDigests;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceTable;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables of Delta and Iceberg, whose files hold rows that were deleted, and folders named key=value. */
class PrepareTablesTest {
    @TempDir
    private static Path warehouse;

    private static SparkSession spark;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        spark = TableSessions.in(warehouse).getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private Dataset<Row> mails(int count) throws IOException {
        return spark.read()
                .json(PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(count))
                        .toString())
                .cache();
    }

    private Manifest prepare(String name, String source) {
        return PrepareJob.run(spark, config(name, source));
    }

    private RunConfig config(String name, String source) {
        return PrepareFixture.config(folder.resolve(name), "train: '" + source + "'", "eval_fraction: 0");
    }

    private RunException refused(String source) {
        return catchThrowableOfType(RunException.class, () -> prepare("refused", source));
    }

    @Test
    @Tag("full")
    void leavesOutDeletedRowsOfADeltaTable() throws IOException {
        Path table = folder.resolve("delta");
        mails(30).write().format("delta").partitionBy("label").save(table.toString());
        spark.sql("DELETE FROM delta.`" + table + "` WHERE text LIKE 'mail 7 %'");
        String name = "table:delta.`" + table + "`";

        RunException error = refused(table.toString());
        assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(error)
                .hasMessageContaining("data.train: file:" + table + " is a table in the format of Delta")
                .hasMessageContaining("table:delta.`file:" + table + "`");
        assertThat(refused(table.resolve("label=ham").toString())).hasMessageContaining("in the format of Delta");
        assertThat(refused(table + "/label=*")).hasMessageContaining("in the format of Delta");
        assertThat(refused(folder.toString())).hasMessageContaining("in the format of Delta");

        Manifest manifest = prepare("dataset", name);
        assertThat(manifest.split(Manifest.TRAIN).rowsPerLabel()).containsExactly(23L, 6L);
        assertThat(manifest.options().format()).isEqualTo("table");
        assertThat(manifest.sources().get(0).table()).isEqualTo(new CatalogTable("delta", table.toString(), "1"));
        assertThat(prepare("dataset", name)).isEqualTo(manifest);

        spark.sql("DELETE FROM delta.`" + table + "` WHERE text LIKE 'mail 8 %'");
        assertThat(catchThrowableOfType(RunException.class, () -> prepare("dataset", name)))
                .hasMessageContaining("changed since");
    }

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "delta"})
    void readsATableWhosePartitionsHaveEncodedNames(String format) throws IOException {
        String table = "times_of_" + format;
        mails(20)
                .selectExpr("text", "label", "IF(label = 'ham', '2026-01-01 00:00:00', '12:00') AS ts")
                .write()
                .format(format)
                .partitionBy("ts")
                .saveAsTable(table);
        spark.sql("CREATE OR REPLACE TEMP VIEW view_of_" + table + " AS SELECT text, label FROM " + table);

        Manifest manifest = prepare("dataset", "table:" + table);

        assertThat(manifest.split(Manifest.TRAIN).rows()).isEqualTo(20);
        assertThat(prepare("view", "table:view_of_" + table)
                        .split(Manifest.TRAIN)
                        .rows())
                .isEqualTo(20);
    }

    @Test
    void leavesOutDeletedRowsOfAnIcebergTable() throws Exception {
        mails(30).writeTo("lake.sales.mails").using("iceberg").create();
        spark.sql("DELETE FROM lake.sales.mails WHERE text LIKE 'mail 7 %'");

        Path files = warehouse.resolve("lake/sales/mails");
        assertThat(refused(files.toString())).hasMessageContaining("in the format of Iceberg");
        assertThat(refused(files.resolve("data").toString())).hasMessageContaining("in the format of Iceberg");

        Manifest manifest = prepare("dataset", "table:lake.sales.mails");
        assertThat(manifest.split(Manifest.TRAIN).rows()).isEqualTo(29);
        Row newest = spark.sql("SELECT snapshot_id FROM lake.sales.mails.snapshots ORDER BY committed_at DESC LIMIT 1")
                .head();
        assertThat(manifest.sources().get(0).table())
                .isEqualTo(new CatalogTable("iceberg", files.toString(), Long.toString(newest.getLong(0))));
        assertThat(prepare("dataset", "table:lake.sales.mails")).isEqualTo(manifest);

        SourceFiles found = SourceTable.find(spark, "data.train", Manifest.TRAIN, "table:lake.sales.mails");
        spark.sql("INSERT INTO lake.sales.mails VALUES ('ham', 'one more mail')");
        assertThat(SourceTable.rows(spark, found).count())
                .as("the version that was found, whatever is written meanwhile")
                .isEqualTo(29);
        assertThat(catchThrowableOfType(RunException.class, () -> prepare("dataset", "table:lake.sales.mails")))
                .hasMessageContaining("changed since");
    }

    @Test
    void refusesAHudiFolder() throws IOException {
        Path table = folder.resolve("hudi");
        mails(10).write().parquet(table.toString());
        Files.createDirectories(table.resolve(".hoodie"));
        Files.writeString(table.resolve(".hoodie/hoodie.properties"), "hoodie.table.name=mails");
        assertThat(refused(table.toString())).hasMessageContaining("in the format of Hudi");
    }

    @Test
    void readsOtherTablesAndViewsOfTheCallersSession() throws IOException {
        mails(20).write().saveAsTable("plain_mails");
        mails(20).limit(15).createOrReplaceTempView("some_mails");

        assertThat(prepare("table", "table:plain_mails").split(Manifest.TRAIN).rows())
                .isEqualTo(20);
        assertThat(prepare("view", "table:some_mails").split(Manifest.TRAIN).rows())
                .isEqualTo(15);
        RunException error = refused("table:nothing.like_it");
        assertThat(error.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(error).hasMessageContaining("data.train: table nothing.like_it is not in Spark's catalog");
        assertThat(error.getMessage()).doesNotContain("\n");
        assertThat(catchThrowableOfType(
                        RunException.class, () -> AbsolutePaths.of("model", "table:a.b", new Configuration())))
                .hasMessageContaining("model: 'table:a.b' is a table, but a path is required");
    }

    /** Number of rows that a view has returned. Another program writes to the view's source. */
    private static final AtomicInteger RETURNED = new AtomicInteger();

    @Test
    void refusesAViewThatReturnsOtherRowsWhenReadAgain() throws IOException {
        int rows = 20;
        mails(rows).createOrReplaceTempView("steady_mails");
        RETURNED.set(0);
        spark.udf()
                .register(
                        "meanwhile",
                        udf(
                                        (UDF1<String, String>)
                                                text -> RETURNED.incrementAndGet() > rows ? text + " again" : text,
                                        DataTypes.StringType)
                                .asNondeterministic());
        spark.sql("CREATE OR REPLACE TEMP VIEW moving_mails AS"
                + " SELECT meanwhile(text) AS text, label FROM steady_mails");

        RunException error = refused("table:moving_mails");

        assertThat(RETURNED.get()).isEqualTo(2 * rows);
        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error)
                .hasMessageStartingWith("data.train: table:moving_mails had other rows when it was read again: ");
        assertThat(folder.resolve("refused/manifest-1.json")).doesNotExist();
    }

    @Test
    void refusesATableThatIsOverwrittenBetweenTwoPasses() throws IOException {
        mails(20).write().saveAsTable("busy_mails");
        RunConfig config = config("dataset", "table:busy_mails");
        SourceFiles files = Sources.of(spark, config.data()).get(0);
        TokenizerFiles tokenizer = PrepareJob.tokenizer(config, new Configuration());
        PassDigests passes = new PassDigests(spark.sparkContext());
        JavaRDD<?> rows = passes.watch(
                        new SourceReader(spark, tokenizer, config.data()).read(files, TaskDatas.of(config), true))
                .rdd();
        assertThat(rows.count()).isEqualTo(20);
        passes.requireSame();

        mails(15).write().mode(SaveMode.Overwrite).insertInto("busy_mails");

        RuntimeException error = Errors.explain("prepare of table:busy_mails", (Exception) catchThrowable(rows::count));
        assertThat(error)
                .isInstanceOfSatisfying(
                        RunException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.FAILED))
                .hasMessageContaining("/busy_mails/part-")
                .hasMessageEndingWith(".parquet was removed after its source was listed: start it again when nothing"
                        + " writes to the source");
        assertThat(error.getMessage()).doesNotContain("\n");
    }

    @Test
    void readsColumnsFromNamesOfFolders() throws IOException {
        Dataset<Row> mails = mails(40);
        Manifest expected = prepare("expected", folder.resolve("mails.jsonl").toString());
        List<Sample> samples = PrepareFixture.samples(folder.resolve("expected"), expected, Manifest.TRAIN);
        for (String format : List.of("parquet", "json", "csv")) {
            Path files = folder.resolve("by-label-" + format);
            mails.write()
                    .format(format)
                    .option("header", true)
                    .partitionBy("label")
                    .mode(SaveMode.Overwrite)
                    .save(files.toString());
            Manifest manifest = prepare(format, files.toString());
            assertThat(manifest.labels()).as(format).isEqualTo(expected.labels());
            assertThat(PrepareFixture.samples(folder.resolve(format), manifest, Manifest.TRAIN))
                    .as(format)
                    .isEqualTo(samples);
        }
        // 07 is a text. Folders that do not all have such names are not columns.
        mails.selectExpr("text", "if(label = 'spam', '07', '7') AS label")
                .write()
                .partitionBy("label")
                .parquet(folder.resolve("digits").toString());
        assertThat(prepare("texts", folder.resolve("digits").toString()).labels())
                .containsExactly("07", "7");
        Files.createDirectories(folder.resolve("mixed/2024"));
        Files.copy(folder.resolve("mails.jsonl"), folder.resolve("mixed/2024/mails.jsonl"));
        Files.createDirectories(folder.resolve("mixed/year=2025"));
        Files.copy(folder.resolve("mails.jsonl"), folder.resolve("mixed/year=2025/mails.jsonl"));
        assertThat(prepare("mix", folder.resolve("mixed").toString())
                        .split(Manifest.TRAIN)
                        .rows())
                .isEqualTo(80);
    }
}
