package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Rows of a subject are erased by what the dataset keeps, when the sources no longer have them. */
@Timeout(600)
class EraseSubjectTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 60;
    /**
     * Subject of rows 6, 7 and of a copy of row 40, which the dataset keeps by the row of another subject: so long that
     * its digits stand in no hash by chance.
     */
    private static final long ERASED = 471_100_004_711L;

    @TempDir
    Path folder;

    private Path key;

    @BeforeEach
    void writeKey() throws IOException {
        key = Files.writeString(folder.resolve("subjects.key"), "0123456789abcdef0123456789abcdef");
    }

    private static String text(int i) {
        return "Licence " + i + (i % 2 == 0 ? " of the sea" : " of the sky") + " lets you copy it " + i + " times.";
    }

    private static Map<String, Object> row(int i, Object subject) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("text", text(i));
        row.put("label", i % 2 == 0 ? "sea" : "sky");
        row.put("person", subject);
        return row;
    }

    private void write(String file, int from, int to, boolean withErased) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = from; i < to; i++) {
            boolean isErased = i == 6 || i == 7;
            if (!isErased || withErased) {
                lines.add(JSON.writeValueAsString(row(i, isErased ? (Object) ERASED : "p" + i / 2)));
            }
        }
        if (withErased && from <= 40 && 40 < to) {
            // A number in one row and a text in another are one subject.
            lines.add(JSON.writeValueAsString(row(40, " " + ERASED + " ")));
        }
        Files.createDirectories(folder.resolve("rows"));
        Files.write(folder.resolve("rows").resolve(file), lines);
    }

    private RunConfig config(String output, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODELS.resolve("bert-seqcls").toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("rows"),
                "data.dir=" + folder.resolve("dataset"),
                "data.subject=person",
                "data.subject_key_file=" + key,
                "data.deduplicate=true",
                "data.max_length=32",
                "data.eval_fraction=0.1",
                "data.test_fraction=0.1",
                "data.shards=3",
                "training.learning_rate=1.0e-3",
                "training.per_device_train_batch_size=2",
                "training.save_steps=3",
                "training.save_total_limit=100",
                "training.save_minutes=0",
                "output.dir=" + folder.resolve(output)));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private static byte[] weights(RunConfig config) throws IOException {
        return Files.readAllBytes(Path.of(config.output().model()).resolve("model.safetensors"));
    }

    private static Selection subject(Object value) {
        return new Selection(Selection.Kind.SUBJECT, value.toString());
    }

    /** Settings of a task. */
    enum Kind {
        CLASSIFIER,
        PACKED_TEXTS(
                "model=" + MODELS.resolve("llama-tied").toAbsolutePath().normalize(),
                "task=causal-lm",
                "data.packing=bfd",
                "data.max_length=64"),
        GROWING("data.incremental=true");

        @SuppressWarnings("ImmutableEnumChecker")
        private final String[] settings;

        Kind(String... settings) {
            this.settings = settings;
        }
    }

    static Stream<Arguments> kinds() {
        return TestMatrix.first(2, Stream.of(Kind.values()).map(Arguments::of).toArray(Arguments[]::new));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void equalsARunWithoutTheRowsOfTheSubjectAfterTheSourceLostThem(Kind kind) throws Exception {
        write("a.jsonl", 0, ROWS, true);
        RunConfig config = config("run", kind.settings);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, record -> {});
            byte[] before = weights(config);
            write("a.jsonl", 0, ROWS, false);

            EraseJob erase = new EraseJob(spark, config);
            assertThatThrownBy(() -> erase.find(new Selection(Selection.Kind.WHERE, "person=" + ERASED)))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("--where: the sources have changed since")
                    .hasMessageContaining("data.train (")
                    .hasMessageContaining("a.jsonl")
                    .hasMessageContaining("--as-prepared");

            Erasure found = erase.find(subject(ERASED));
            assertThat(found.documents()).hasSize(3);
            assertThat(erase.find(new Selection(Selection.Kind.WHERE, "person=" + ERASED, false, true)))
                    .isEqualTo(found);
            assertThat(erase.find(new Selection(
                                    Selection.Kind.HASH, found.documents().get(0), false, true))
                            .documents())
                    .containsExactly(found.documents().get(0));

            Erasure begun = erase.begin(found);
            TrainJob.run(spark, config, record -> {});
            erase.end(begun);
            RunConfig anew = config("anew", kind.settings);
            TrainJob.run(spark, anew, record -> {});
            assertThat(weights(config)).isEqualTo(weights(anew)).isNotEqualTo(before);
            assertThat(erase.areErased(erase.find(subject(ERASED)))).isTrue();
            assertThat(Files.readString(folder.resolve("run/erasure.json"))).doesNotContain(String.valueOf(ERASED));
        }
    }

    @Test
    void findsRowsOfAllGenerations() throws Exception {
        write("a.jsonl", 0, 30, true);
        RunConfig config = config("run", "data.incremental=true", "data.eval_fraction=0", "data.test_fraction=0");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            write("b.jsonl", 30, ROWS, true);
            Manifest grown = PrepareJob.run(spark, config);
            assertThat(grown.generations()).hasSize(2);
            EraseJob erase = new EraseJob(spark, config);
            Erasure found = erase.find(subject(ERASED));
            assertThat(found.samples().training()).isEqualTo(3);
            assertThat(found.changes().rewritten())
                    .anyMatch(file -> file.contains("-g1-"))
                    .anyMatch(file -> file.contains("-g2-"));
            // Another key would hide the rows of a later generation from the first one's searches.
            Files.writeString(folder.resolve("other.key"), "f".repeat(32));
            write("c.jsonl", 0, 3, false);
            assertThatThrownBy(() -> PrepareJob.run(
                            spark,
                            config(
                                    "run",
                                    "data.incremental=true",
                                    "data.eval_fraction=0",
                                    "data.test_fraction=0",
                                    "data.subject_key_file=" + folder.resolve("other.key"))))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("was prepared with data.subject_key_file: ");
        }
    }

    @Test
    void refusesDatasetsWithoutTheHashesAndNamesNoValue() throws Exception {
        write("a.jsonl", 0, 30, true);
        Files.writeString(
                folder.resolve("rows/b.jsonl"),
                JSON.writeValueAsString(row(50, null)) + "\n",
                java.nio.charset.StandardCharsets.UTF_8);
        RunConfig config = config("run", "data.eval_fraction=0", "data.test_fraction=0", "data.max_bad_fraction=0.5");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest manifest = PrepareJob.run(spark, config);
            assertThat(manifest.badRows()).containsEntry("no_subject", 1L);
            for (String file : manifest.files().keySet()) {
                assertThat(Path.of(config.dataset(), file)).exists();
            }
            assertThat(Files.readString(Path.of(config.dataset(), "manifest-1.json")))
                    .doesNotContain("0123456789abcdef")
                    .doesNotContain(String.valueOf(ERASED));
            assertThatThrownBy(() -> new EraseJob(spark, config).find(subject("nobody")))
                    .isInstanceOf(RunException.class)
                    .hasMessageMatching(
                            "--subject: no row of .* has this value in the column person: nothing was changed");
            assertThatThrownBy(() -> new EraseJob(spark, config)
                            .find(new Selection(Selection.Kind.WHERE, "label=sea", false, true)))
                    .hasMessageContaining("keeps hashes of the column person (data.subject), not of label");
            Files.writeString(folder.resolve("other.key"), "f".repeat(32));
            assertThatThrownBy(() -> new EraseJob(
                                    spark, config("run", "data.subject_key_file=" + folder.resolve("other.key")))
                            .find(subject(ERASED)))
                    .hasMessageContaining("was prepared with another key than that of data.subject_key_file");
            assertThatThrownBy(() -> new EraseJob(spark, config("run", "data.subject=label")).find(subject(ERASED)))
                    .hasMessageContaining("was prepared with data.subject: person, this run has label");

            RunConfig without = Runs.in(
                    folder,
                    "model=" + config.model(),
                    "data.train=" + folder.resolve("rows"),
                    "data.dir=" + folder.resolve("plain"),
                    "data.max_length=32",
                    "output.dir=" + folder.resolve("other"));
            PrepareJob.run(spark, without);
            assertThatThrownBy(() -> new EraseJob(spark, without).find(subject(ERASED)))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("keeps no hashes of subjects: set data.subject");
        }
    }
}
