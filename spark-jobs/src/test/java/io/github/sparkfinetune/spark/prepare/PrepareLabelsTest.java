package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts with several labels, and texts with numbers. */
class PrepareLabelsTest {
    private static final String MULTI = "multi_label_classification";
    private static final String REGRESSION = "regression";

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private RunConfig config(String problem, String name, Path train, String... overrides) {
        List<String> all = new ArrayList<>(List.of("classification.problem_type=" + problem));
        Collections.addAll(all, overrides);
        RunConfig config = PrepareFixture.config(folder.resolve(name), "train: " + train, "eval_fraction: 0.25");
        return RunConfigLoader.parse(RunConfigLoader.toYaml(config), "test.yaml", all);
    }

    /** Returns the names of a row's labels; every fourth row has none. */
    private static List<String> labels(int row) {
        List<String> labels = new ArrayList<>();
        if (row % 4 > 0) {
            labels.add(row % 3 == 0 ? "gpl" : "mit");
        }
        if (row % 4 > 1) {
            labels.add("old");
        }
        return labels;
    }

    private static String json(int row, String label) {
        return "{\"text\": \"" + PrepareFixture.text(row) + "\", \"label\": " + label + "}";
    }

    private static String list(int row) {
        return labels(row).isEmpty() ? "[]" : "[\"" + String.join("\", \"", labels(row)) + "\"]";
    }

    @Test
    void readsTheSameLabelsFromEveryFormat() throws IOException {
        List<String> lines = new ArrayList<>();
        List<String> bars = new ArrayList<>();
        List<String> csv = new ArrayList<>(List.of("label,text"));
        for (int i = 0; i < 40; i++) {
            lines.add(json(i, list(i)));
            bars.add(json(i, "\"" + String.join(" | ", labels(i)) + "\""));
            csv.add(String.join("|", labels(i)) + "," + PrepareFixture.text(i));
        }
        Path jsonl = PrepareFixture.write(folder.resolve("lists.jsonl"), lines);
        PrepareFixture.write(folder.resolve("bars.jsonl"), bars);
        PrepareFixture.write(folder.resolve("lists.csv"), csv);
        spark.read()
                .json(jsonl.toString())
                .write()
                .parquet(folder.resolve("lists.parquet").toString());
        assertThat(spark.read()
                        .parquet(folder.resolve("lists.parquet").toString())
                        .schema()
                        .apply("label")
                        .dataType())
                .isInstanceOf(ArrayType.class);

        Manifest expected = PrepareJob.run(spark, config(MULTI, "from-jsonl", jsonl));
        assertThat(expected.labels()).containsExactly("gpl", "mit", "old");
        // The exact share of all rows is held out.
        assertThat(expected.split("eval").rows()).isEqualTo(10);
        assertThat(expected.split("train").rows()).isEqualTo(30);
        List<Sample> train = PrepareFixture.samples(folder.resolve("from-jsonl"), expected, "train");
        List<Sample> eval = PrepareFixture.samples(folder.resolve("from-jsonl"), expected, "eval");
        for (int id = 0; id < 3; id++) {
            String name = expected.labels().get(id);
            long rows = 0;
            for (int i = 0; i < 40; i++) {
                rows += labels(i).contains(name) ? 1 : 0;
            }
            assertThat(count(train, id))
                    .isEqualTo(expected.split("train").rowsPerLabel().get(id));
            assertThat(count(eval, id))
                    .isEqualTo(expected.split("eval").rowsPerLabel().get(id));
            assertThat(count(train, id) + count(eval, id)).isEqualTo(rows);
        }
        assertThat(train).anySatisfy(sample -> assertThat(sample.targets()).containsExactly(0, 0, 0));
        for (String source : List.of("bars.jsonl", "lists.csv", "lists.parquet")) {
            Manifest manifest = PrepareJob.run(spark, config(MULTI, "from-" + source, folder.resolve(source)));
            assertThat(PrepareFixture.splits(manifest)).isEqualTo(PrepareFixture.splits(expected));
            assertThat(PrepareFixture.samples(folder.resolve("from-" + source), manifest, "train"))
                    .isEqualTo(train);
        }
    }

    private static long count(List<Sample> samples, int label) {
        return samples.stream().filter(sample -> sample.targets()[label] == 1).count();
    }

    /**
     * Equal texts also have other labels. The order of these rows, which decides which is kept or held out, must not
     * change.
     */
    @ParameterizedTest
    @ValueSource(strings = {MULTI, REGRESSION})
    void dependsOnlyOnTheRows(String problem) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            lines.add(json(i % 50, problem.equals(MULTI) ? list(i) : String.valueOf(i / 8.0)));
        }
        Path one = PrepareFixture.write(folder.resolve("one/rows.jsonl"), lines);
        Collections.shuffle(lines, new Random(1));
        Path many = folder.resolve("many");
        for (int i = 0; i < 7; i++) {
            PrepareFixture.write(
                    many.resolve(i + ".jsonl"), lines.subList(i * lines.size() / 7, (i + 1) * lines.size() / 7));
        }
        for (String deduplicate : List.of("false", "true")) {
            String setting = "data.deduplicate=" + deduplicate;
            Manifest first = PrepareJob.run(spark, config(problem, "a-" + deduplicate, one, setting));
            Manifest second = PrepareJob.run(spark, config(problem, "b-" + deduplicate, many, setting));
            assertThat(PrepareFixture.splits(second)).isEqualTo(PrepareFixture.splits(first));
            assertThat(first.split("train").rows() + first.split("eval").rows())
                    .isEqualTo(deduplicate.equals("true") ? 50 : 200);
            for (DatasetSplit split : first.splits().values()) {
                for (DatasetSplit.Shard shard : split.shards()) {
                    assertThat(folder.resolve("b-" + deduplicate).resolve(PrepareFixture.like(shard, second)))
                            .hasSameBinaryContentAs(
                                    folder.resolve("a-" + deduplicate).resolve(shard.file()));
                }
            }
        }
    }

    @Test
    void readsTheSameNumbersFromEveryFormat() throws IOException {
        List<String> lines = new ArrayList<>();
        List<String> csv = new ArrayList<>(List.of("label,text"));
        for (int i = 0; i < 20; i++) {
            lines.add(json(i, String.valueOf(i / 8.0 - 1)));
            csv.add((i / 8.0 - 1) + "," + PrepareFixture.text(i));
        }
        Path jsonl = PrepareFixture.write(folder.resolve("numbers.jsonl"), lines);
        PrepareFixture.write(folder.resolve("numbers.csv"), csv);
        spark.read()
                .json(jsonl.toString())
                .write()
                .parquet(folder.resolve("numbers.parquet").toString());
        Manifest expected = PrepareJob.run(spark, config(REGRESSION, "from-jsonl", jsonl));
        assertThat(expected.labels()).containsExactly("LABEL_0");
        assertThat(expected.split("train").rowsPerLabel()).containsExactly(15L);
        List<Sample> train = PrepareFixture.samples(folder.resolve("from-jsonl"), expected, "train");
        assertThat(train)
                .allSatisfy(sample -> assertThat((sample.targets()[0] + 1) * 8).isBetween(0.0, 19.0));
        for (String source : List.of("numbers.csv", "numbers.parquet")) {
            Manifest manifest = PrepareJob.run(spark, config(REGRESSION, "from-" + source, folder.resolve(source)));
            assertThat(PrepareFixture.samples(folder.resolve("from-" + source), manifest, "train"))
                    .isEqualTo(train);
        }
    }

    @Test
    void countsInvalidLabelsByReason() throws IOException {
        List<String> lists = new ArrayList<>();
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            lists.add(json(i, list(i)));
            numbers.add(json(i, "0.5"));
        }
        lists.add(json(30, "[{\"name\": \"mit\"}]"));
        lists.add(json(31, "null"));
        lists.add("{\"text\": \"no label\"}");
        numbers.add(json(30, "\"n/a\""));
        numbers.add(json(31, "1e300"));
        numbers.add(json(32, "null"));
        Path several = PrepareFixture.write(folder.resolve("lists.jsonl"), lists);
        Path number = PrepareFixture.write(folder.resolve("numbers.jsonl"), numbers);
        String allowed = "data.max_bad_fraction=0.1";
        assertThat(PrepareJob.run(spark, config(MULTI, "lists", several, allowed))
                        .badRows())
                .isEqualTo(Map.of("malformed_labels", 1L, "no_label", 2L));
        assertThat(PrepareJob.run(spark, config(REGRESSION, "numbers", number, allowed))
                        .badRows())
                .isEqualTo(Map.of("label_not_a_number", 2L, "no_label", 1L));
        refused(
                ExitCode.DATA,
                "data.train: 3 of 33 rows of file:" + number + " cannot be used (label_not_a_number: 2",
                () -> PrepareJob.run(spark, config(REGRESSION, "refused", number)));
    }

    @Test
    void refusesLabelsThatCannotBeTrained() throws IOException {
        Path none = PrepareFixture.write(folder.resolve("none.jsonl"), List.of(json(1, "[]"), json(2, "\"\"")));
        refused(
                ExitCode.DATA,
                "no row has a label: multi_label_classification needs at least one",
                () -> PrepareJob.run(spark, config(MULTI, "none", none)));
        Path train = PrepareFixture.write(folder.resolve("train.jsonl"), List.of(json(1, "[\"mit\"]"), json(2, "[]")));
        Path eval = PrepareFixture.write(folder.resolve("eval.jsonl"), List.of(json(3, "[\"mit\", \"bsd\"]")));
        refused(
                ExitCode.DATA,
                "have the label bsd, which data.train does not have",
                () -> PrepareJob.run(spark, config(MULTI, "unknown", train, "data.eval=" + eval)));
        refused(
                ExitCode.CONFIG,
                "classification.class_weight: no training row has the label bsd, there are mit",
                () -> PrepareJob.run(spark, config(MULTI, "weight", train, "classification.class_weight={bsd: 2}")));
        PrepareJob.run(spark, config(MULTI, "several", train));
        refused(
                ExitCode.CONFIG,
                "classification.problem_type: multi_label_classification, this run has none",
                () -> PrepareJob.run(spark, config("single_label_classification", "several", train)));
    }

    private static void refused(ExitCode code, String message, ThrowingCallable prepare) {
        assertThatThrownBy(prepare)
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
