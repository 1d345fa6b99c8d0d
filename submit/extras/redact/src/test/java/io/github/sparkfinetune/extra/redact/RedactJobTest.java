package io.github.sparkfinetune.extra.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RedactJobTest {
    private static final String MODEL = "../finetune-core/src/test/resources/golden/models/bert-seqcls";

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() throws IOException {
        spark = SparkSessions.open(config(), "redact", "local[2]", Map.of());
    }

    private RunConfig config(String... settings) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "task=classification",
                "model=" + Path.of(MODEL).toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("none.jsonl"),
                "data.redact.entities=[EMAIL_ADDRESS, DATE_TIME]"));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private Path file(String name, String... lines) throws IOException {
        return Files.write(folder.resolve(name), List.of(lines));
    }

    private RedactJob.Outcome redact(RunConfig config, Object input, String output, String... columns) {
        return RedactJob.run(
                spark,
                config,
                input.toString(),
                List.of(columns),
                folder.resolve(output).toString());
    }

    private List<Row> copy(String output) {
        return spark.read().parquet(folder.resolve(output).toString()).collectAsList();
    }

    @Test
    void redactsTextsInListsAndStructuresAndKeepsOtherColumns() throws IOException {
        Path input = file(
                "rows.jsonl",
                "{\"id\": 1, \"text\": \"Ask ann@example.com\", \"contact\": \"ann@example.com\", \"turns\":"
                        + " [{\"role\": \"user\", \"content\": \"bob@example.com, cy@example.com\"}, null], \"score\": 0.5}",
                "{\"id\": 2, \"text\": null, \"contact\": null, \"turns\": [], \"score\": 1.5}");

        RedactJob.Outcome outcome = redact(config(), input, "copy", "text", "turns");

        List<Row> rows = copy("copy");
        assertThat(rows).hasSize(2);
        Row first = rows.get(0).<Long>getAs("id") == 1 ? rows.get(0) : rows.get(1);
        Row second = rows.get(0) == first ? rows.get(1) : rows.get(0);
        assertThat(first.<String>getAs("text")).isEqualTo("Ask <EMAIL_ADDRESS>");
        assertThat(first.<String>getAs("contact")).isEqualTo("ann@example.com");
        assertThat(first.<Double>getAs("score")).isEqualTo(0.5);
        List<Row> turns = first.getList(first.fieldIndex("turns"));
        assertThat(turns.get(0).<String>getAs("content")).isEqualTo("<EMAIL_ADDRESS>, <EMAIL_ADDRESS>");
        assertThat(turns.get(0).<String>getAs("role")).isEqualTo("user");
        assertThat(turns.get(1)).isNull();
        assertThat(second.isNullAt(second.fieldIndex("text"))).isTrue();
        assertThat(second.getList(second.fieldIndex("turns"))).isEmpty();

        assertThat(outcome.redacted()).isEqualTo(Map.of("EMAIL_ADDRESS", 3L, "DATE_TIME", 0L));
        assertThat(outcome.texts()).isEqualTo(3);
        String written = Files.readString(folder.resolve("copy").resolve(RedactJob.COUNTS));
        JsonNode counts = new ObjectMapper().readTree(written);
        assertThat(counts.path("redacted").path("EMAIL_ADDRESS").asLong()).isEqualTo(3);
        assertThat(counts.path("columns")).hasToString("[\"text\",\"turns\"]");
        assertThat(counts.path("redact").path("entities").path("DATE_TIME").textValue())
                .isEqualTo("replace");
        assertThat(written).doesNotContain("example.com");
    }

    @Test
    void readsTheFormatsOfTheDataSection() throws IOException {
        redact(config(), file("rows.csv", "id,text", "007,\"on 1 May 2020, say\""), "ofCsv");
        assertThat(copy("ofCsv")).map(Row::toString).containsExactly("[007,on <DATE_TIME>, say]");

        redact(config("data.format=text"), file("rows.txt", "ann@example.com", "no more"), "ofLines");
        assertThat(copy("ofLines")).map(Row::toString).containsExactlyInAnyOrder("[<EMAIL_ADDRESS>]", "[no more]");

        spark.sql("SELECT 7 AS n, 'ann@example.com' AS body").createOrReplaceTempView("mails");
        redact(config("data.text=body"), "table:mails", "ofTable");
        assertThat(copy("ofTable")).map(Row::toString).containsExactly("[7,<EMAIL_ADDRESS>]");
        assertThat(spark.read()
                        .parquet(folder.resolve("ofTable").toString())
                        .schema()
                        .fieldNames())
                .containsExactly("n", "body");
    }

    @Test
    void movesTheDatesOfARowByEquallyManyDays() throws IOException {
        Path key = file("key", "a key of sixteen bytes or more");
        Path input = file("dates.jsonl", "{\"text\": \"2020-05-01 and 2020-05-11\", \"note\": \"2020-05-21\"}");
        redact(
                config("data.redact.operators={DATE_TIME: date_shift}", "data.redact.key_file=" + key),
                input,
                "moved",
                "text",
                "note");
        Row row = copy("moved").get(0);
        String[] dates = row.<String>getAs("text").split(" and ", -1);
        List<LocalDate> moved = Arrays.asList(
                LocalDate.parse(dates[0]), LocalDate.parse(dates[1]), LocalDate.parse(row.<String>getAs("note")));
        assertThat(moved.get(0)).isBefore("2020-05-01");
        assertThat(moved.get(1)).isEqualTo(moved.get(0).plusDays(10));
        assertThat(moved.get(2)).isEqualTo(moved.get(0).plusDays(20));
    }

    @Test
    void movesTheDatesOfAPersonByEquallyManyDays() throws IOException {
        Path key = file("key", "a key of sixteen bytes or more");
        spark.sql(
                        "SELECT * FROM VALUES (1, '2020-05-01 by plane'), (1, '2020-05-11'), (2, '2020-05-01') AS t(patient, text)")
                .createOrReplaceTempView("visits");
        RunConfig config = config(
                "data.redact.operators={DATE_TIME: date_shift}",
                "data.redact.key_file=" + key,
                "data.redact.person=patient");
        redact(config, "table:visits", "moved");
        List<LocalDate> dates = copy("moved").stream()
                .sorted(Comparator.comparing(row -> row.<Integer>getAs("patient") + row.<String>getAs("text")))
                .map(row -> LocalDate.parse(row.<String>getAs("text").substring(0, 10)))
                .toList();
        assertThat(dates.get(1)).isEqualTo(dates.get(0).plusDays(10));
        assertThat(dates.get(2)).isNotEqualTo(dates.get(0));
        assertThatThrownBy(() -> redact(config, file("none.jsonl", "{\"text\": \"a\"}"), "none"))
                .hasMessage("data.redact.person: there is no column patient, the columns are text");
    }

    @Test
    void refusesWhatItCannotRedactAndOverwritesNothing() throws IOException {
        Path input = file("rows.jsonl", "{\"text\": \"a\", \"id\": 1}");
        assertThatThrownBy(() -> redact(config(), input, "out", "none"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("--columns: ")
                .hasMessageContaining("has no column none, its columns are id, text");
        assertThatThrownBy(() -> redact(config(), input, "out", "id"))
                .hasMessageContaining("is bigint, it holds no text: name columns of texts");
        assertThatThrownBy(() -> redact(config("data.redact.entities=[]"), input, "out"))
                .hasMessage("data.redact.entities: [] redacts nothing: name the entities to find");
        spark.sql("SELECT map('a', 'b') AS text").createOrReplaceTempView("maps");
        assertThatThrownBy(() -> redact(config(), "table:maps", "out"))
                .hasMessageContaining("it holds a map, in which texts are not searched");
        assertThatThrownBy(() -> redact(config(), file("bad.jsonl", "{\"text\": \"a\"}", "{\"text"), "out"))
                .hasMessageContaining("bad.jsonl has lines that are no JSON object: fix or remove the lines");
        assertThat(folder.resolve("out")).doesNotExist();
        Files.createDirectory(folder.resolve("out"));
        assertThatThrownBy(() -> redact(config(), input, "out")).hasMessageEndingWith("exists: name a new folder");
        assertThatThrownBy(() -> redact(config(), file("bad.csv", "id,text", "1,a,ann@example.com"), "bad"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has a row with more or fewer values than its header has names")
                .hasMessageNotContaining("ann@");
    }
}
