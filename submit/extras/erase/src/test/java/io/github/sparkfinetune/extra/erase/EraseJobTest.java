package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.predict.EvaluateJob;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** An erased run equals, to the bit, a run from the start over the dataset without the documents. */
@Timeout(600)
class EraseJobTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 60;

    @TempDir
    Path folder;

    /** Runs whose rows are erased. */
    enum Kind {
        CLASSIFIER(
                "bert-seqcls", i -> Map.of("text", text(i), "label", i % 2 == 0 ? "sea" : "sky"), "data.max_length=32"),
        /** The erased document is all of its step. */
        ONE_A_STEP(
                "bert-seqcls",
                i -> Map.of("text", text(i), "label", i % 2 == 0 ? "sea" : "sky"),
                "data.max_length=32",
                "cluster.ranks=1",
                "training.per_device_train_batch_size=1",
                "training.max_steps=20"),
        BALANCED(
                "bert-seqcls",
                i -> Map.of("text", text(i), "label", i % 3 == 0 ? "sea" : "sky"),
                "data.max_length=32",
                "classification.class_weight=balanced"),
        PACKED_TEXTS(
                "llama-tied",
                i -> Map.of("text", text(i)),
                "task=causal-lm",
                "data.packing=bfd",
                "data.max_length=64",
                "method.type=lora"),
        WRAPPED_TEXTS(
                "llama-tied",
                i -> Map.of("text", text(i)),
                "task=causal-lm",
                "data.packing=wrapped",
                "data.max_length=48"),
        MASKED_TEXTS("bert-mlm", i -> Map.of("text", text(i)), "task=masked-lm", "data.max_length=32"),
        PAIRS(
                "llama-tied",
                i -> Map.of("prompt", "What is " + i + "?", "chosen", text(i), "rejected", "No " + i),
                "task=preference",
                "data.max_length=64",
                "method.type=lora"),
        TAUGHT(
                "llama-tied",
                i -> Map.of("text", text(i)),
                "task=causal-lm",
                "data.max_length=64",
                "teacher.top_k=8",
                "teacher.model="
                        + MODELS.resolve("llama-untied").toAbsolutePath().normalize());

        private final String model;

        @SuppressWarnings("ImmutableEnumChecker")
        private final IntFunction<Map<String, String>> row;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Kind(String model, IntFunction<Map<String, String>> row, String... settings) {
            this.model = model;
            this.row = row;
            this.settings = List.of(settings);
        }

        private static String text(int i) {
            return "Licence " + i + (i % 2 == 0 ? " of the sea" : " of the sky") + " lets you copy it " + i + " times.";
        }

        private boolean startsAnew() {
            return this == BALANCED || this == PAIRS || this == TAUGHT;
        }
    }

    private RunConfig config(Kind kind, String output, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODELS.resolve(kind.model).toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("rows.jsonl"),
                "data.dir=" + folder.resolve("dataset"),
                "data.eval_fraction=0.1",
                "data.test_fraction=0.1",
                "data.shards=3",
                "training.learning_rate=1.0e-3",
                "training.num_train_epochs=2",
                "training.per_device_train_batch_size=2",
                "training.keep_checkpoints_every=0.1",
                "training.save_total_limit=1",
                "training.save_minutes=0",
                "cluster.ranks=2",
                "output.dir=" + folder.resolve(output)));
        all.addAll(kind.settings);
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private void writeRows(Kind kind) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            Map<String, String> row = new LinkedHashMap<>(kind.row.apply(i));
            row.put("person", "p" + i / 2);
            lines.add(JSON.writeValueAsString(row));
        }
        Files.write(folder.resolve("rows.jsonl"), lines);
    }

    private Path row(int i) throws IOException {
        return Files.writeString(
                folder.resolve("row.json"),
                Files.readAllLines(folder.resolve("rows.jsonl")).get(i));
    }

    private static RunConfig train(SparkSession spark, RunConfig config) {
        TrainJob.run(spark, config, record -> {});
        EvaluateJob.run(spark, config);
        return config;
    }

    static Stream<Arguments> kinds() {
        return TestMatrix.first(2, Stream.of(Kind.values()).map(Arguments::of).toArray(Arguments[]::new));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void equalsARunWithoutTheDocuments(Kind kind) throws Exception {
        writeRows(kind);
        RunConfig config = config(kind, "run");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            train(spark, config);
            EraseJob erase = new EraseJob(spark, config);
            Erasure found = late(erase, kind);
            Map<String, String> before = bytes(Path.of(config.output().model()));

            assertThat(found.replay().trains()).isTrue();
            Erasure begun = erase.begin(found);
            assertThat(Path.of(config.output().model())).doesNotExist();
            assertThat(erase.unfinished()).contains(begun);
            assertThat(new EraseJob(spark, config).begin(begun)).isEqualTo(begun);
            train(spark, config);
            Erasure ended = erase.end(begun);

            assertThat(ended.places()).isNull();
            assertThat(ended.changes().modelAfter())
                    .isNotNull()
                    .isNotEqualTo(ended.changes().modelBefore());
            assertThat(erase.unfinished()).isEmpty();
            Map<String, String> after = bytes(Path.of(config.output().model()));
            assertThat(after).isNotEqualTo(before);
            RunConfig anew = train(spark, config(kind, "anew"));
            assertSame(after, bytes(Path.of(anew.output().model())));
            assertSame(checkpoint(config), checkpoint(anew));
            assertThat(predictions(spark, config)).isEqualTo(predictions(spark, anew));
            assertHoldsNothingOf(config, found);
            Erasure again = erase.find(
                    new Selection(Selection.Kind.HASH, found.documents().get(0)));
            assertThat(again.places()).isEmpty();
            assertThat(erase.areErased(again)).isTrue();
            Trace trace =
                    TraceJob.ofHash(spark, config, "--hash", found.documents().get(0));
            assertThat(trace.droppedBecause()).isEqualTo("erased");
        }
    }

    @Test
    void startsAPrivateRunThatHasNotEndedUnderANewSecret() throws Exception {
        writeRows(Kind.CLASSIFIER);
        RunConfig config = config(Kind.CLASSIFIER, "run", "method.type=lora", "training.privacy.target_epsilon=8");
        Path key = Path.of(config.output().dir(), "privacy.key");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, new Extent(4, 1), record -> {});
            byte[] secret = Files.readAllBytes(key);
            Files.createDirectories(key.resolveSibling("trials/001/checkpoints/step-3"));
            Files.createDirectories(key.resolveSibling("tensorboard"));
            EraseJob erase = new EraseJob(spark, config);
            Erasure found = null;
            for (int i = 0; found == null || found.samples().training() == 0; i++) {
                found = erase.find(new Selection(Selection.Kind.FILE, row(i).toString()));
            }

            Erasure begun = erase.begin(found);
            assertThat(begun.changes().deleted()).contains("privacy.key", "trials", "tensorboard");
            assertThat(key).doesNotExist();
            assertThat(key.resolveSibling("trials")).doesNotExist();
            assertThat(begun.outside()).anyMatch(line -> line.startsWith("versions, snapshots and backups"));
            TrainJob.run(spark, config, new Extent(1, 1), record -> {});
            assertThat(Files.readAllBytes(key)).hasSameSizeAs(secret).isNotEqualTo(secret);
        }
    }

    private static void assertSame(Map<String, String> files, Map<String, String> others) {
        assertThat(files.keySet()).isEqualTo(others.keySet());
        files.forEach((name, content) -> {
            if (name.endsWith(".json")) {
                assertThat(content).as(name).isEqualTo(others.get(name));
            } else {
                assertThat(content.equals(others.get(name))).as(name).isTrue();
            }
        });
    }

    /** Returns the erasure of the training document that is used latest. */
    private Erasure late(EraseJob erase, Kind kind) throws IOException {
        Erasure latest = null;
        for (int i = 0; i < ROWS; i++) {
            Erasure found = erase.find(new Selection(Selection.Kind.FILE, row(i).toString()));
            assertThat(found.places()).as("row %d", i).isNotEmpty();
            boolean trained = found.samples().training() > 0 && found.replay().firstUse() > 0;
            if (trained
                    && (latest == null
                            || found.replay().firstUse() > latest.replay().firstUse())) {
                latest = found;
            }
            if (latest != null && (kind.startsAnew() || latest.replay().from() != null)) {
                break;
            }
        }
        assertThat(latest).isNotNull();
        assertThat(latest.replay().from() == null).isEqualTo(kind.startsAnew());
        assertThat(latest.replay().because() == null).isNotEqualTo(kind.startsAnew());
        return latest;
    }

    private void assertHoldsNothingOf(RunConfig config, Erasure erasure) throws IOException {
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        var hadoop = new org.apache.hadoop.conf.Configuration();
        Manifest manifest = Manifest.read(dataset, hadoop);
        long tokens = 0;
        for (String split : manifest.splits().keySet()) {
            try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, split, hadoop)) {
                long ofSplit = 0;
                for (long index = 0; index < samples.size(); index++) {
                    Sample sample = samples.read(index);
                    ofSplit += sample.length();
                    assertThat(sample.isErased() && !split.equals(Manifest.TRAIN))
                            .isFalse();
                }
                assertThat(manifest.split(split).tokens()).isEqualTo(ofSplit);
                assertThat(manifest.split(split).rows()).isEqualTo(samples.size());
                tokens += ofSplit;
            }
        }
        assertThat(tokens).isPositive();
        for (String file : erasure.changes().rewritten()) {
            assertThat(Path.of(config.dataset(), file)).doesNotExist();
        }
    }

    /** Returns the files of a folder by name, as text of their bytes. */
    private static Map<String, String> bytes(Path folder) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(file -> !file.getFileName().toString().endsWith(".crc")
                            && !file.getFileName().toString().equals(".finetune-run"))
                    .forEach(file -> files.put(file.getFileName().toString(), latin(file)));
        }
        return files;
    }

    private static String latin(Path file) {
        try {
            return Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the last checkpoint's tensors, and its state without times. */
    private static Map<String, String> checkpoint(RunConfig config) throws IOException {
        Path last;
        try (Stream<Path> all = Files.list(Path.of(config.output().checkpoints()))) {
            last = all.filter(path -> Files.exists(path.resolve("FINAL")))
                    .findFirst()
                    .orElseThrow();
        }
        Map<String, String> files = bytes(last);
        files.remove("COMMITTED");
        ObjectNode state = (ObjectNode) JSON.readTree(files.remove("state.json"));
        state.remove(List.of("result", "precision"));
        for (JsonNode record : state.get("records")) {
            ((ObjectNode) record).remove(List.of("samples_per_second", "tokens_per_second", "slow_rank", "precision"));
        }
        files.put("state.json", JSON.writeValueAsString(state));
        return files;
    }

    private static List<String> predictions(SparkSession spark, RunConfig config) {
        return spark.read()
                .parquet(Path.of(config.output().dir(), "predictions.parquet").toString())
                .orderBy("index")
                .toJSON()
                .collectAsList();
    }

    @Test
    void erasesAllRowsOfAPersonAlsoHeldOutOnes() throws Exception {
        writeRows(Kind.CLASSIFIER);
        RunConfig config = config(Kind.CLASSIFIER, "run");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest prepared = PrepareJob.run(spark, config);
            EraseJob erase = new EraseJob(spark, config);
            Erasure heldOut = null;
            for (int person = 0; heldOut == null; person++) {
                Erasure one = erase.find(new Selection(Selection.Kind.WHERE, "person=p" + person));
                assertThat(one.documents()).hasSize(2);
                assertThat(one.samples().training() + one.samples().heldOut()).isEqualTo(2);
                assertThat(one.replay().trains()).isFalse();
                heldOut = one.samples().heldOut() == 1 ? one : null;
            }
            Path text = Files.writeString(folder.resolve("text"), Kind.text(4));
            assertThat(erase.find(new Selection(Selection.Kind.FILE, text.toString()))
                            .places())
                    .isEqualTo(erase.find(new Selection(Selection.Kind.FILE, row(4).toString()))
                            .places())
                    .hasSize(1);

            erase.end(erase.begin(heldOut));

            Manifest erased = Manifest.read(
                    new org.apache.hadoop.fs.Path(config.dataset()), new org.apache.hadoop.conf.Configuration());
            assertThat(rows(erased)).isEqualTo(rows(prepared) - 1);
            assertThat(erased.split(Manifest.TRAIN).rows())
                    .isEqualTo(prepared.split(Manifest.TRAIN).rows());
            assertThat(labels(erased)).isEqualTo(labels(prepared) - 2);
            assertThat(PrepareJob.run(spark, config)).isEqualTo(erased);
        }
    }

    @Test
    void leavesNoTextNoPersonAndNoKeyInTheEventLog() throws Exception {
        writeRows(Kind.CLASSIFIER);
        RunConfig config = config(
                Kind.CLASSIFIER, "run", "data.redact.entities=[EMAIL_ADDRESS]", "data.redact.keep=[kept@ward.example]");
        Path events = Files.createDirectories(folder.resolve("events"));
        String command = System.getProperty("sun.java.command");
        System.setProperty("sun.java.command", "Finetune erase --config run.yaml --where person=p13");
        Map<String, String> settings = Map.of(
                "spark.eventLog.enabled", "true",
                "spark.eventLog.compress", "false",
                "spark.eventLog.dir", events.toUri().toString(),
                "spark.openlineage.transport.auth.apiKey", "lineage-key-0815");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", settings)) {
            PrepareJob.run(spark, config);
            assertThat(new EraseJob(spark, config)
                            .find(new Selection(Selection.Kind.WHERE, "person=p13"))
                            .documents())
                    .hasSize(2);
        } finally {
            System.setProperty("sun.java.command", command);
        }
        List<Path> logs;
        try (Stream<Path> all = Files.walk(events)) {
            logs = all.filter(Files::isRegularFile).toList();
        }
        assertThat(logs).isNotEmpty();
        for (Path log : logs) {
            assertThat(Files.readString(log))
                    .doesNotContain("lets you copy it", "kept@ward.example", "lineage-key-0815")
                    .doesNotContainPattern("\\bp13\\b");
        }
    }

    private static long rows(Manifest manifest) {
        return manifest.splits().values().stream()
                .mapToLong(split -> split.rows())
                .sum();
    }

    private static long labels(Manifest manifest) {
        return manifest.splits().values().stream()
                .flatMap(split -> split.rowsPerLabel().stream())
                .mapToLong(Long::longValue)
                .sum();
    }

    /** Two texts that follow each other share 15 of their 21 shingles. Other pairs share at most 12 of 24. */
    @Test
    void findsNearDuplicatesAndTheirNearDuplicates() throws Exception {
        List<String> words = IntStream.range(0, 40).mapToObj(i -> "word" + i).toList();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            String text = i % 10 == 4 ? String.join(" ", words.subList(i / 10 * 3, i / 10 * 3 + 20)) : Kind.text(i);
            lines.add(JSON.writeValueAsString(Map.of("text", text, "label", i % 2 == 0 ? "sea" : "sky")));
        }
        Files.write(folder.resolve("rows.jsonl"), lines);
        RunConfig config = config(
                Kind.CLASSIFIER,
                "run",
                "data.corpus.near_dedup.enabled=false",
                "data.corpus.near_dedup.ngram=3",
                "data.corpus.near_dedup.threshold=0.7",
                "data.max_length=64");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            EraseJob erase = new EraseJob(spark, config);
            String row = row(34).toString();

            Erasure alone = erase.find(new Selection(Selection.Kind.FILE, row));
            Erasure all = erase.find(new Selection(Selection.Kind.FILE, row, true, false));

            assertThat(alone.documents()).hasSize(1);
            assertThat(all.documents()).hasSize(6).containsAll(alone.documents());
            assertThat(all.samples().training() + all.samples().heldOut()).isEqualTo(6);
            assertThat(erase.find(
                            new Selection(Selection.Kind.HASH, alone.documents().get(0), true, false)))
                    .isEqualTo(all);
        }
    }

    @Test
    void refusesWhatItCannotEraseAndChangesNothing() throws Exception {
        writeRows(Kind.CLASSIFIER);
        RunConfig config = config(Kind.CLASSIFIER, "run");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest prepared = PrepareJob.run(spark, config);
            EraseJob erase = new EraseJob(spark, config);
            assertThatThrownBy(() -> erase.find(new Selection(Selection.Kind.HASH, "0".repeat(32))))
                    .isInstanceOf(RunException.class)
                    .hasMessage("--hash: " + "0".repeat(32) + " is in no row of the sources: nothing was changed");
            assertThatThrownBy(() -> erase.find(new Selection(Selection.Kind.WHERE, "patient=1")))
                    .isInstanceOf(RunException.class)
                    .hasMessage("--where: no source has the column patient");
            assertThatThrownBy(() -> new Selection(Selection.Kind.WHERE, "person"))
                    .isInstanceOf(RunException.class)
                    .hasMessage("--where: person is not COLUMN=VALUE");
            assertThatThrownBy(() -> erase.find(new Selection(Selection.Kind.WHERE, "label=sea")))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("would have the label sea");
            assertThat(PrepareJob.run(spark, config)).isEqualTo(prepared);
            assertThat(erase.unfinished()).isEmpty();
        }
    }
}
