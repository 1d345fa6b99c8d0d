package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class TraceJobTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path dataset() {
        return folder.resolve("dataset");
    }

    private Trace trace(SparkSession spark, RunConfig config, String text) throws IOException {
        Path file = Files.writeString(folder.resolve("document"), text);
        return TraceJob.ofFile(spark, config, "--text-file", file.toString());
    }

    private static int[] document(Sample sample, Trace.Place place) {
        int from = Arrays.stream(sample.documents()).limit(place.document()).sum();
        return Arrays.copyOfRange(sample.inputIds(), from, from + sample.documents()[place.document()]);
    }

    private static RunException failure(ThrowingCallable trace) {
        return catchThrowableOfType(RunException.class, trace);
    }

    @Test
    void findsARowWithItsCopiesInItsSplit() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = PrepareFixture.mails(40);
        lines.addAll(List.of(PrepareFixture.json(3, "ham"), PrepareFixture.json(3, "ham")));
        // A row of another text that is cut, so that its tokens equal another mail's.
        String cut = PrepareFixture.text(39);
        for (String tail : List.of(" a", " b", " c", " d")) {
            lines.add("{\"text\": \"" + cut + tail + "\", \"label\": \"ham\"}");
        }
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        RunConfig config = PrepareFixture.config(
                dataset(), "train: " + mails, "eval_fraction: 0", "test_fraction: 0.4", "deduplicate: true");
        RunException unprepared = failure(() -> trace(spark, config, PrepareFixture.text(3)));
        assertThat(unprepared.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(unprepared).hasMessageContaining("holds no prepared dataset: run finetune prepare first");
        Manifest manifest = PrepareJob.run(spark, config);

        // A text file with a line end, as editors write it.
        Trace copied = trace(spark, config, PrepareFixture.text(3) + "\n");
        assertThat(copied.sources()).hasSize(1).allSatisfy(source -> {
            assertThat(source.key()).isEqualTo("data.train");
            assertThat(source.rows()).isEqualTo(3);
            assertThat(source.duplicates()).isEqualTo(2);
            assertThat(source.file()).endsWith("/mails.jsonl");
        });
        assertThat(copied.places()).hasSize(1);
        assertThat(copied.others()).isZero();
        assertThat(TraceJob.ofHash(spark, config, "--hash", copied.hash().toUpperCase(Locale.ROOT)))
                .isEqualTo(copied);
        assertThat(trace(spark, config, PrepareFixture.json(3, "spam")).hash()).isEqualTo(copied.hash());

        Set<String> splits = new HashSet<>();
        for (int i = 4; i < 40 && splits.size() < 2; i++) {
            Trace.Place place =
                    trace(spark, config, PrepareFixture.text(i)).places().get(0);
            splits.add(place.split());
            assertThat(place.uses().isEmpty()).isEqualTo(place.split().equals("test"));
            assertIsAt(manifest, config, place, PrepareFixture.text(i));
        }
        assertThat(splits).containsExactlyInAnyOrder("train", "test");

        List<Trace> same = new ArrayList<>();
        for (String tail : List.of("", " a", " b", " c", " d")) {
            same.add(trace(spark, config, cut + tail));
        }
        assertThat(same).allSatisfy(one -> {
            long shared = same.stream()
                    .filter(other -> shard(other).equals(shard(one)))
                    .count();
            assertThat(one.others()).isEqualTo(shared - 1);
            assertThat(one.places()).hasSize((int) shared);
        });
    }

    @Test
    void namesARowThatIsHeldOutByTimeAndHasNoLabel() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String label = i < 30 ? ", \"label\": \"class" + i % 2 + "\"" : "";
            lines.add("{\"text\": \"" + PrepareFixture.text(i) + "\", \"day\": \"2024-01-" + (10 + i / 2) + "\"" + label
                    + "}");
        }
        Path notes = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Path teacher = Path.of("../finetune-core/src/test/resources/golden/models/roberta-seqcls");
        RunConfig config = PrepareFixture.config(
                dataset(),
                "train: " + notes,
                "eval_fraction: 0.5",
                "split_by_time: day\nteacher: {model: "
                        + teacher.toAbsolutePath().normalize() + "}");
        PrepareJob.run(spark, config);

        assertThat(trace(spark, config, lines.get(39)).droppedBecause()).isEqualTo("held_out_without_label");
    }

    @Test
    @Tag("full")
    void findsRowsOfAGroupOnItsSideAndRefusesARowWithoutATime() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            lines.add(ofUser(i, i == 39 ? "soon" : "2024-01-" + (10 + i / 2)));
        }
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        RunConfig config = PrepareFixture.config(dataset(), "train: " + mails, "test_fraction: 0.2", "split_by: user");
        PrepareJob.run(spark, config);
        Set<String> splits = new HashSet<>();
        for (int user = 0; user < 10; user++) {
            Set<String> ofUser = new HashSet<>();
            for (int row = user; row < 40; row += 10) {
                Trace trace = trace(spark, config, row < 20 ? ofUser(row, "") : PrepareFixture.text(row));
                assertThat(trace.group()).contains(new Trace.Group("user", 4));
                ofUser.add(trace.places().get(0).split());
            }
            assertThat(ofUser).hasSize(1);
            splits.addAll(ofUser);
        }
        assertThat(splits).containsExactlyInAnyOrder("train", "eval", "test");

        RunConfig timed = PrepareFixture.config(
                folder.resolve("timed"), "train: " + mails, "split_by_time: day", "max_bad_fraction: 0.1");
        PrepareJob.run(spark, timed);
        assertThat(trace(spark, timed, lines.get(39)).droppedBecause()).isEqualTo("bad_time");
        Trace newest = trace(spark, timed, lines.get(38));
        assertThat(newest.places().get(0).split()).isEqualTo("eval");
        assertThat(newest.group()).isEmpty();
    }

    private static String ofUser(int row, String day) {
        return PrepareFixture.json(row, row % 2 == 0 ? "ham" : "spam")
                .replace("}", ", \"user\": " + row % 10 + ", \"day\": \"" + day + "\"}");
    }

    private static String shard(Trace trace) {
        return trace.places().get(0).file().replaceFirst(".*/", "");
    }

    /** Asserts that the row of the file, read by Spark, and the sample have the text. */
    private void assertIsAt(Manifest manifest, RunConfig config, Trace.Place place, String text) throws IOException {
        int[] ids;
        try (TextTokenizer tokenizer = TextTokenizer.open(tokenizer(config))) {
            ids = tokenizer.encode(text, null, 32).inputIds();
        }
        List<Integer> row = PrepareFixture.spark(2)
                .read()
                .parquet(dataset().resolve(place.file()).toString())
                .select("input_ids")
                .collectAsList()
                .get((int) place.row())
                .getList(0);
        assertThat(row).isEqualTo(Arrays.stream(ids).boxed().toList());
        assertThat(PrepareFixture.samples(dataset(), manifest, place.split())
                        .get((int) place.sample())
                        .inputIds())
                .isEqualTo(ids);
    }

    private static TokenizerFiles tokenizer(RunConfig config) throws IOException {
        return TokenizerFiles.read(new org.apache.hadoop.fs.Path(config.model()), new Configuration());
    }

    @Test
    void keepsCopiesNamesTheReasonOfARefusedRowAndRefusesAnUnknownRow() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = PrepareFixture.mails(12);
        lines.add(lines.get(3));
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        RunConfig config = PrepareFixture.config(dataset(), "train: " + mails, "eval_fraction: 0");
        PrepareJob.run(spark, config);

        Trace twice = trace(spark, config, lines.get(3));
        assertThat(twice.sources().get(0).rows()).isEqualTo(2);
        assertThat(twice.sources().get(0).duplicates()).isZero();
        assertThat(twice.places()).hasSize(2);

        assertThat(trace(spark, config, "{\"text\": \" \", \"label\": \"ham\"}"))
                .isEqualTo(Trace.refused("empty_text"));
        assertThat(trace(spark, config, "{\"text\": \"mail\"}")).isEqualTo(Trace.refused("no_label"));
        assertThat(trace(spark, config, " \n")).isEqualTo(Trace.refused("empty_text"));

        RunException nowhere = failure(() -> trace(spark, config, "mail nowhere"));
        assertThat(nowhere.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(nowhere)
                .hasMessageMatching(
                        "--text-file: \\S+ is in no row of data.train \\(the hash of its content is [0-9a-f]{32}\\)");
        RunException noHash = failure(() -> TraceJob.ofHash(spark, config, "--hash", "xyz"));
        assertThat(noHash.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(noHash).hasMessageStartingWith("--hash: xyz is not the hash of a document");
        RunException noFile = failure(() -> TraceJob.ofFile(spark, config, "--text-file", folder + "/none"));
        assertThat(noFile.exitCode()).isEqualTo(ExitCode.DATA);
    }

    @Test
    void tracesAFileOfATextFolder() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        for (int i = 0; i < 12; i++) {
            Path file = folder.resolve("mails/" + (i % 2 == 0 ? "ham" : "spam") + "/" + i + ".txt");
            PrepareFixture.write(file, List.of("{", PrepareFixture.text(i)));
        }
        RunConfig config = PrepareFixture.config(dataset(), "train: " + folder.resolve("mails"), "eval_fraction: 0");
        PrepareJob.run(spark, config);

        Path file = folder.resolve("mails/spam/7.txt");
        Trace trace = TraceJob.ofFile(spark, config, "--text-file", file.toString());

        assertThat(trace.sources()).hasSize(1).allSatisfy(source -> {
            assertThat(source.rows()).isEqualTo(1);
            assertThat(source.file()).endsWith("mails/spam/7.txt");
        });
        assertThat(trace.places()).hasSize(1);
    }

    private static String conversation(int i) throws IOException {
        return JSON.writeValueAsString(Map.of(
                "messages",
                List.of(
                        Map.of("role", "user", "content", "Question " + i + ": " + PrepareFixture.text(i)),
                        Map.of("role", "assistant", "content", "Answer " + i + " \uD83D\uDE00"))));
    }

    /** A conversation is found in a sample that it shares with others. A conversation that is too long has a reason. */
    @Test
    void findsADocumentInItsPackedSample() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            lines.add(conversation(i));
        }
        Path rows = PrepareFixture.write(folder.resolve("conversations.jsonl"), lines);
        RunConfig config = PrepareFixture.languageModel(
                "sft",
                dataset(),
                "train: " + rows,
                "eval_fraction: 0.2",
                "packing: bfd",
                "overlong: drop",
                "max_length: 200\ntraining: {num_train_epochs: 2, per_device_train_batch_size: 1}\ncluster: {ranks: 2}");
        Manifest manifest = PrepareJob.run(spark, config);
        List<Sample> train = PrepareFixture.samples(dataset(), manifest, Manifest.TRAIN);
        assertThat(manifest.split(Manifest.TRAIN).documents().dropped()).containsKey("overlong");

        Set<String> outcomes = new HashSet<>();
        for (int i = 0; i < 60 && outcomes.size() < 3; i += 3) {
            Trace trace = trace(spark, config, conversation(i));
            if (trace.droppedBecause() != null) {
                assertThat(trace.droppedBecause()).isEqualTo("overlong");
                assertThat(trace.sources()).hasSize(1);
                outcomes.add("overlong");
                continue;
            }
            assertThat(trace.places()).hasSize(1);
            Trace.Place place = trace.places().get(0);
            outcomes.add(place.split());
            if (!place.split().equals(Manifest.TRAIN)) {
                continue;
            }
            Sample sample = train.get((int) place.sample());
            assertThat(place.documents()).isEqualTo(sample.documents().length);
            try (TextTokenizer tokenizer = TextTokenizer.open(tokenizer(config))) {
                assertThat(tokenizer.decode(document(sample, place)))
                        .contains("Question " + i + ":", "Answer " + i + " ");
            }
            // Once in each of two epochs. A step takes two samples.
            assertThat(place.uses()).hasSize(2);
            assertThat(place.uses()).extracting(use -> use.epoch()).containsExactly(1, 2);
            assertThat(place.uses())
                    .allSatisfy(use -> assertThat(use.step()).isBetween(1L, 2L * ((train.size() + 1) / 2)));
        }
        assertThat(outcomes).containsExactlyInAnyOrder("overlong", "train", "eval");
    }

    @Test
    @Tag("full")
    void findsATextInAllItsParts() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        Path texts = PrepareFixture.write(folder.resolve("texts.jsonl"), PrepareFixture.mails(30));
        RunConfig config = PrepareFixture.languageModel(
                "causal-lm", dataset(), "train: " + texts, "eval_fraction: 0", "packing: wrapped", "max_length: 16");
        Manifest manifest = PrepareJob.run(spark, config);
        List<Sample> train = PrepareFixture.samples(dataset(), manifest, Manifest.TRAIN);
        try (TextTokenizer tokenizer = TextTokenizer.open(tokenizer(config))) {
            for (int i : new int[] {2, 11, 28}) {
                List<Trace.Place> places =
                        trace(spark, config, PrepareFixture.text(i)).places();
                StringBuilder text = new StringBuilder();
                for (Trace.Place place : places) {
                    text.append(tokenizer.decode(document(train.get((int) place.sample()), place)));
                }
                assertThat(text.toString()).isEqualTo(PrepareFixture.text(i));
                assertThat(places.get(places.size() - 1).sample()
                                - places.get(0).sample())
                        .isEqualTo(places.size() - 1);
            }
        }
    }

    @Test
    void findsALongTextInAllItsWindows() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String words = "\"license\", \"" + i + "\", ";
            lines.add("{\"tokens\": [" + words.repeat(10) + "\"of\"], \"ner_tags\": ["
                    + "\"B-LICENSE\", \"I-LICENSE\", ".repeat(10) + "\"O\"]}");
        }
        Path rows = PrepareFixture.write(folder.resolve("rows.jsonl"), lines);
        RunConfig config = PrepareFixture.tagger(
                dataset(),
                "train: " + rows,
                "text: tokens",
                "label: ner_tags",
                "eval_fraction: 0",
                "max_length: 12",
                "stride: 2");
        Manifest manifest = PrepareJob.run(spark, config);
        List<Sample> train = PrepareFixture.samples(dataset(), manifest, Manifest.TRAIN);

        List<Trace.Place> places = trace(spark, config, lines.get(7)).places();

        assertThat(places).hasSizeGreaterThan(2);
        for (int window = 0; window < places.size(); window++) {
            Sample sample = train.get((int) places.get(window).sample());
            assertThat(sample.window().number()).isEqualTo(window);
        }
        assertThat(trace(spark, config, "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\", \"O\"]}")
                        .droppedBecause())
                .isNotNull();
    }

    /** Compares with the batches that the ranks of a real training saw. */
    @Test
    void returnsTheStepsOfATraining() throws Exception {
        List<String> lines = PrepareFixture.mails(40);
        String marked = "quiz of a jazz quiz";
        lines.add("{\"text\": \"" + marked + "\", \"label\": \"ham\"}");
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        RunConfig config = PrepareFixture.config(
                dataset(),
                "train: " + mails,
                "eval_fraction: 0",
                "max_length: 32\ntraining: {num_train_epochs: 3, per_device_train_batch_size: 4}\n"
                        + "cluster: {ranks: 2, timeout_seconds: 60}");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest manifest = PrepareJob.run(spark, config);
            Trace trace = trace(spark, config, marked);
            int token = uniqueToken(
                    PrepareFixture.samples(dataset(), manifest, Manifest.TRAIN),
                    trace.places().get(0).sample());
            RecordingBody.SEEN.clear();

            TrainJob.run(spark, config, new RecordingBody(token), record -> {});

            assertThat(RecordingBody.SEEN).hasSize(3);
            assertThat(trace.places()).hasSize(1);
            // Six steps per epoch, of 8, 8, 8, 8, 8 and 1 samples.
            assertThat(trace.places().get(0).uses())
                    .extracting(use -> List.of((use.step() - 1) / 6 + 1, use.step(), (long) use.rank()))
                    .containsExactlyInAnyOrderElementsOf(RecordingBody.SEEN.stream()
                            .map(seen -> List.of((seen.step() - 1) / 6 + 1, seen.step(), (long) seen.rank()))
                            .collect(Collectors.toList()));
            assertThat(trace.places().get(0).uses())
                    .extracting(use -> use.epoch())
                    .containsExactly(1, 2, 3);
        }
    }

    private static int uniqueToken(List<Sample> samples, long index) {
        Set<Integer> tokens = new HashSet<>();
        for (int id : samples.get((int) index).inputIds()) {
            tokens.add(id);
        }
        for (Sample sample : samples) {
            if (sample.index() != index) {
                for (int id : sample.inputIds()) {
                    tokens.remove(id);
                }
            }
        }
        return Collections.min(tokens);
    }
}
