package io.github.sparkfinetune.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.train.Precision;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.spark.folder.EvaluationMetrics;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.RunProgress;
import io.github.sparkfinetune.spark.folder.TrainingMetrics;
import io.github.sparkfinetune.spark.predict.Scores;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that FORMATS.md names the fields that the code writes, with their types. */
class FormatsTest {
    private static final PropertyNamingStrategies.SnakeCaseStrategy NAMES =
            new PropertyNamingStrategies.SnakeCaseStrategy();
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    private static String page;

    @BeforeAll
    static void read() throws Exception {
        page = Files.readString(Path.of("../FORMATS.md"));
    }

    /** Records by the name of their table, in the order of their fields. */
    private static Map<String, List<Class<?>>> tables() throws ClassNotFoundException {
        Map<String, List<Class<?>>> tables = new LinkedHashMap<>();
        tables.put("Manifest", List.of(Manifest.class));
        tables.put("Split", List.of(DatasetSplit.class));
        tables.put("Shard", List.of(DatasetSplit.Shard.class));
        tables.put("Documents", List.of(DatasetSplit.Documents.class));
        tables.put("Side", List.of(DatasetSplit.Side.class));
        tables.put("Source", List.of(Manifest.Source.class));
        tables.put("Generation", List.of(Generation.class));
        tables.put("Corpus", List.of(Manifest.Corpus.class));
        tables.put("Options", List.of(DatasetOptions.class));
        tables.put("Pin", List.of(Pins.Pin.class));
        tables.put("TrainState", List.of(Class.forName(TrainingResult.class.getPackageName() + ".TrainState")));
        tables.put("RunProgress", List.of(RunProgress.class));
        tables.put("TrainingRecord", List.of(TrainingRecord.class));
        tables.put("SlowRank", List.of(SlowRank.class));
        tables.put("Metrics", List.of(TrainingMetrics.class, EvaluationMetrics.class));
        tables.put("Training", List.of(TrainingMetrics.Training.class));
        tables.put("Privacy", List.of(PrivacySpent.class));
        return tables;
    }

    static List<String> tableNames() throws ClassNotFoundException {
        return List.copyOf(tables().keySet());
    }

    /** Records whose fields stand in the row of a field, by this field. */
    private static Map<String, Class<?>> rows() {
        return Map.ofEntries(
                Map.entry("warnings", Warning.class),
                Map.entry("table", CatalogTable.class),
                Map.entry("added", Generation.Files.class),
                Map.entry("removed", Generation.Files.class),
                Map.entry("mix", Manifest.Mixed.class),
                Map.entry("documents", DatasetOptions.DocumentOptions.class),
                Map.entry("question_answering", DatasetOptions.QuestionOptions.class),
                Map.entry("related", DatasetOptions.RelatedOptions.class),
                Map.entry("precision", Precision.class),
                Map.entry("checkpoint", RunProgress.Saved.class),
                Map.entry("confusion_matrix", EvaluationMetrics.ConfusionMatrix.class),
                Map.entry("confusions", EvaluationMetrics.Confused.class),
                Map.entry("by_label", EvaluationMetrics.LabelScores.class),
                Map.entry("answers", Scores.Answer.class),
                Map.entry("examples", EvaluationMetrics.Example.class),
                Map.entry("held_out", EvaluationMetrics.HeldOutSet.class),
                Map.entry("ranks", TrainingMetrics.Rank.class));
    }

    /** Returns the cells of the rows of a table. */
    private static List<List<String>> table(String mark) {
        assertThat(page).containsOnlyOnce("<!-- " + mark + " -->\n");
        String below = page.substring(page.indexOf("<!-- " + mark + " -->"));
        return rows(below.substring(below.indexOf("\n|---")).strip()).stream()
                .skip(1)
                .toList();
    }

    private static List<List<String>> rows(String text) {
        return text.lines()
                .takeWhile(line -> line.startsWith("|"))
                .map(line ->
                        Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
                .toList();
    }

    private static String name(List<String> row) {
        return row.get(1).replace("`", "");
    }

    /** Returns the type of each field of a record's JSON object, in order. */
    private static Map<String, String> fields(Class<?> record) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (RecordComponent component : record.getRecordComponents()) {
            if (component.getAccessor().isAnnotationPresent(JsonUnwrapped.class)) {
                fields.putAll(fields(component.getType()));
            } else {
                JsonProperty given = component.getAccessor().getAnnotation(JsonProperty.class);
                fields.put(
                        given == null ? NAMES.translate(component.getName()) : given.value(),
                        type(component.getType()));
            }
        }
        return fields;
    }

    private static String type(Class<?> type) {
        if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
            return "integer";
        }
        if (type == double.class || type == Double.class) {
            return "number";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "boolean";
        }
        if (type == String.class || type.isEnum()) {
            return "string";
        }
        return Collection.class.isAssignableFrom(type) || type.isArray() ? "list" : "object";
    }

    @ParameterizedTest
    @MethodSource("tableNames")
    void tableHasTheFieldsOfTheRecords(String name) throws Exception {
        Map<String, String> written = new LinkedHashMap<>();
        tables().get(name).forEach(record -> written.putAll(fields(record)));
        Map<String, String> listed = new LinkedHashMap<>();
        table("fields of " + name).forEach(row -> listed.put(name(row), row.get(2)));

        assertThat(List.copyOf(listed.entrySet())).isEqualTo(List.copyOf(written.entrySet()));
    }

    @Test
    void rowsNameTheFieldsOfSmallRecords() {
        List<List<String>> all = page.lines()
                .filter(line -> line.startsWith("| `"))
                .flatMap(line -> rows(line).stream())
                .toList();
        rows().forEach((field, record) -> assertThat(all)
                .as(field)
                .filteredOn(row -> name(row).equals(field))
                .anySatisfy(row -> assertThat(CODE.matcher(row.get(3)).results().map(code -> code.group(1)))
                        .containsSubsequence(fields(record).keySet())));
    }

    @Test
    void columnsOfAShardAreThoseOfTheSchema() {
        assertThat(table("columns of a shard").stream().map(FormatsTest::name))
                .containsExactlyElementsOf(Arrays.stream(SampleSchema.Column.values())
                        .map(column -> column.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    @Test
    void statusHasTheWrittenFields(@TempDir Path dir) throws Exception {
        RunFolder.of(dir.toString(), new Configuration()).writeStatus("train", ExitCode.DONE, null);
        List<String> written = new ArrayList<>();
        new ObjectMapper()
                .readTree(dir.resolve(RunFolder.STATUS).toFile())
                .fieldNames()
                .forEachRemaining(written::add);

        assertThat(table("fields of status").stream().map(FormatsTest::name)).containsExactlyElementsOf(written);
    }

    @Test
    void everyTableIsChecked() throws Exception {
        Stream<String> marks = Pattern.compile("<!-- fields of (\\w+) -->")
                .matcher(page)
                .results()
                .map((MatchResult mark) -> mark.group(1));

        assertThat(marks)
                .containsExactlyInAnyOrderElementsOf(Stream.concat(tableNames().stream(), Stream.of("status"))
                        .toList());
        assertThat(page).contains("`schema_version` of a manifest is " + Manifest.SCHEMA_VERSION);
    }
}
