package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Datasets that grow with tables of Delta and Iceberg. */
@Timeout(600)
class GenerationsOfTablesTest {
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

    private Dataset<Row> mails(int from, int to) throws IOException {
        return spark.read()
                .json(PrepareFixture.write(
                                folder.resolve("mails" + from + "-" + to + ".jsonl"),
                                PrepareFixture.mails(to).subList(from, to))
                        .toString());
    }

    private Manifest prepare(String name, String source) {
        RunConfig config = PrepareFixture.config(
                folder.resolve(name),
                "train: '" + source + "'",
                "incremental: true",
                "eval_fraction: 0.2",
                "test_fraction: 0.1");
        return PrepareJob.run(spark, config);
    }

    private RunException refused(String name, String source) {
        return catchThrowableOfType(RunException.class, () -> prepare(name, source));
    }

    private Map<String, List<String>> samples(String name, Manifest manifest) throws IOException {
        return PrepareFixture.sorted(folder.resolve(name), manifest);
    }

    private void assertSame(String source, Manifest manifest) throws IOException {
        String whole = "whole" + manifest.generations().size();
        assertThat(samples("grown", manifest)).isEqualTo(samples(whole, prepare(whole, source)));
        assertThat(prepare("grown", source)).as("nothing is new").isEqualTo(manifest);
    }

    private static Generation last(Manifest manifest) {
        List<Generation> generations = manifest.generations();
        return generations.get(generations.size() - 1);
    }

    private static long added(Manifest manifest) {
        return last(manifest).samples().values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    @Test
    @Tag("full")
    void growsWithADeltaTable() throws IOException {
        Path table = folder.resolve("delta");
        String name = "table:delta.`" + table + "`";
        mails(0, 60).write().format("delta").partitionBy("label").save(table.toString());
        prepare("grown", name);

        mails(50, 90).write().format("delta").mode("append").save(table.toString());
        Manifest second = prepare("grown", name);
        assertThat(added(second)).isEqualTo(30);
        assertThat(last(second).removed().count()).isZero();
        assertSame(name, second);

        // Delta writes the files of the deleted rows again.
        spark.sql("DELETE FROM delta.`" + table + "` WHERE text LIKE 'mail 7 %' OR text LIKE 'mail 55 %'");
        Manifest third = prepare("grown", name);
        assertThat(last(third).removed().count()).isPositive();
        assertThat(last(third).erased()).isEqualTo(2);
        assertThat(added(third)).isZero();
        assertSame(name, third);

        spark.sql("OPTIMIZE delta.`" + table + "`");
        Manifest fourth = prepare("grown", name);
        assertThat(last(fourth).removed().count()).isPositive();
        assertThat(last(fourth).erased()).isZero();
        assertThat(added(fourth)).isZero();
        assertThat(samples("grown", fourth)).isEqualTo(samples("grown", third));

        // Another version with the same files is no generation.
        spark.sql("ALTER TABLE delta.`" + table + "` SET TBLPROPERTIES ('kept.by' = 'mails')");
        Manifest renamed = prepare("grown", name);
        assertThat(renamed.withSources(fourth.sources())).isEqualTo(fourth);
        assertThat(renamed.sources()).isNotEqualTo(fourth.sources());

        spark.sql("ALTER TABLE delta.`" + table + "` ADD COLUMNS (day STRING)");
        mails(0, 95)
                .selectExpr("*", "'monday' AS day")
                .write()
                .format("delta")
                .mode("append")
                .save(table.toString());
        assertThat(refused("grown", name))
                .hasMessageContaining("data.train: " + name + " has the columns ")
                .hasMessageContaining("day STRING by now, the dataset was prepared with ")
                .hasMessageEndingWith(": set data.dir to a new folder");
    }

    @Test
    void growsWithAnIcebergTableWhoseSnapshotsExpired() throws Exception {
        String name = "table:lake.sales.grown";
        mails(0, 60).writeTo("lake.sales.grown").using("iceberg").create();
        Manifest first = prepare("grown", name);

        mails(50, 90).createOrReplaceTempView("more");
        spark.sql("INSERT INTO lake.sales.grown SELECT * FROM more");
        spark.sql("CALL lake.system.expire_snapshots(table => 'sales.grown', older_than => TIMESTAMP '2100-01-01"
                + " 00:00:00', retain_last => 1)");
        assertThat(spark.sql("SELECT snapshot_id FROM lake.sales.grown.snapshots")
                        .count())
                .isEqualTo(1);
        Manifest second = prepare("grown", name);
        assertThat(second.sources()).isNotEqualTo(first.sources());
        assertThat(added(second)).isEqualTo(30);
        assertSame(name, second);

        spark.sql("DELETE FROM lake.sales.grown WHERE text LIKE 'mail 7 %'");
        Manifest third = prepare("grown", name);
        assertThat(last(third).erased()).isEqualTo(1);
        assertSame(name, third);

        spark.sql("ALTER TABLE lake.sales.grown RENAME COLUMN label TO kind");
        spark.sql("INSERT INTO lake.sales.grown SELECT * FROM more");
        assertThat(refused("grown", name)).hasMessageContaining("has files of 2 schemas");
    }

    /** Iceberg's log names the last metadata files only, 100 by default. */
    @Test
    void refusesAnIcebergTableWhoseLogHasForgottenTheNameOfAColumn() throws Exception {
        spark.sql("CREATE TABLE lake.sales.renamed (text STRING, kind STRING) USING iceberg"
                + " TBLPROPERTIES ('write.metadata.previous-versions-max' = '1')");
        mails(0, 40).createOrReplaceTempView("mails");
        spark.sql("INSERT INTO lake.sales.renamed SELECT text, label FROM mails");
        spark.sql("ALTER TABLE lake.sales.renamed RENAME COLUMN kind TO label");
        spark.sql("INSERT INTO lake.sales.renamed SELECT text, label FROM mails");
        spark.sql("INSERT INTO lake.sales.renamed SELECT text, label FROM mails");
        assertThat(spark.sql("SELECT DISTINCT latest_schema_id FROM lake.sales.renamed.metadata_log_entries")
                        .count())
                .isEqualTo(1);

        assertThat(refused("renamed", "table:lake.sales.renamed")).hasMessageContaining("has files of 2 schemas");
    }

    @Test
    void refusesTablesWhoseFilesCannotBeReadAlone() throws IOException {
        Path table = folder.resolve("vectors");
        spark.sql("CREATE TABLE delta.`" + table
                + "` (text STRING, label STRING) USING delta TBLPROPERTIES (delta.enableDeletionVectors = true)");
        mails(0, 20)
                .select("text", "label")
                .write()
                .format("delta")
                .mode("append")
                .save(table.toString());
        assertThat(refused("of-vectors", "table:delta.`" + table + "`"))
                .hasMessageContaining("has Delta's reader version 3");

        spark.sql("CREATE TABLE lake.sales.merged (text STRING, label STRING) USING iceberg TBLPROPERTIES"
                + " ('format-version' = '2', 'write.delete.mode' = 'merge-on-read')");
        mails(0, 20).createOrReplaceTempView("few");
        spark.sql("INSERT INTO lake.sales.merged SELECT text, label FROM few");
        spark.sql("DELETE FROM lake.sales.merged WHERE text LIKE 'mail 7 %'");
        assertThat(refused("merged", "table:lake.sales.merged")).hasMessageContaining("has 1 delete files");

        mails(0, 20).write().saveAsTable("plain_grown");
        assertThat(refused("plain", "table:plain_grown"))
                .hasMessageContaining("is no table of Delta or Iceberg with a version");
        mails(0, 20).createOrReplaceTempView("view_grown");
        assertThat(refused("view", "table:view_grown")).hasMessageContaining("is no table of Delta or Iceberg");
    }
}
