package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameModel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.predict.TeacherFolder;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole runs of models that learn from a teacher. */
@Timeout(600)
class DistillationRunTest {
    private static final Configuration HADOOP = new Configuration();
    private static final int TOP_K = 64;

    @TempDir
    private Path folder;

    /** Students, their teachers and settings. */
    enum Pupil {
        ANSWERS("llama-tied", "llama-untied", "sft", "teacher.temperature=2"),
        PACKED_TEXTS("llama-tied", "qwen2", "causal-lm", "method.type=lora", "teacher.weight=1"),
        CAPPED_LOGITS("gemma2", "gemma2", "causal-lm", "teacher.top_k=3", "method.type=qlora"),
        FROZEN_LAYERS("llama-untied", "llama-tied", "sft", "method.type=freeze", "method.freeze_layers=1"),
        ENCODER_OF_ENCODER("bert-seqcls", "roberta-seqcls", "classification", "teacher.temperature=2"),
        ENCODER_OF_LANGUAGE_MODEL(
                "bert-seqcls",
                "llama-seqcls",
                "classification",
                "teacher.weight=0.9",
                "classification.class_weight=balanced");

        private final String student;
        private final String teacher;
        private final String task;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Pupil(String student, String teacher, String task, String... settings) {
            this.student = student;
            this.teacher = teacher;
            this.task = task;
            this.settings = List.of(settings);
        }

        TinyRun prepare(Path folder) throws IOException {
            Path base = TinyModel.copy(folder.resolve("base"), student, Pupil::withoutDropout);
            Path taught = TinyModel.copy(folder.resolve("teacher"), teacher, Pupil::withLabels);
            return new TinyRun(
                    folder,
                    base,
                    task,
                    Stream.concat(settings.stream(), Stream.of("teacher.model=" + taught.toUri()))
                            .toArray(String[]::new));
        }

        private static void withoutDropout(ObjectNode config) {
            List.of("hidden_dropout_prob", "attention_probs_dropout_prob").forEach(rate -> config.put(rate, 0.0));
        }

        /** Gives a classifier the labels of the dataset in another order. */
        private static void withLabels(ObjectNode config) {
            if (config.has("id2label")) {
                config.putObject("id2label").put("0", "c").put("1", "a").put("2", "b");
            }
        }
    }

    private List<Path> ofTeachers() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("dataset"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("teacher-"))
                    .toList();
        }
    }

    @ParameterizedTest
    @EnumSource(Pupil.class)
    void trainsTheSameModelOnTwoRanksAndKeepsTheTeachersValues(Pupil pupil) throws Exception {
        TinyRun tiny = pupil.prepare(folder);
        FineTuner.check(tiny.config("checked"), HADOOP);

        assertSame(tiny, Way.TWO_RANKS);

        assertThat(ofTeachers()).hasSize(1);
        List<Double> losses = tiny.run(tiny.config("again"), 1, null).losses();
        assertThat(Collections.min(losses)).isFinite().isLessThan(losses.get(0));
    }

    @Test
    void reusesTheValuesUntilTheTeacherChanges() throws Exception {
        TinyRun tiny = Pupil.ANSWERS.prepare(folder);
        RunConfig first = tiny.config("first");
        tiny.run(first, 1, null);
        Path kept = ofTeachers().get(0);
        byte[] bytes = Files.readAllBytes(kept);
        long tokens = Manifest.read(new org.apache.hadoop.fs.Path(first.dataset()), HADOOP)
                .split(Manifest.TRAIN)
                .documents()
                .labelTokens();
        try (SafetensorsFile file = SafetensorsFile.open(kept)) {
            long values = file.names().stream()
                    .mapToLong(name -> file.info(name).byteSize())
                    .sum();
            assertThat(values - Long.BYTES * TinyDataset.TRAIN_ROWS).isEqualTo(tokens * 6 * TOP_K);
            assertThat(values).isLessThan(400 * tokens);
        }
        Files.setLastModifiedTime(kept, FileTime.fromMillis(0));

        RunConfig second = tiny.config("second");
        tiny.run(second, 2, null);

        assertThat(Files.getLastModifiedTime(kept).toMillis()).isZero();
        assertThat(kept).hasBinaryContent(bytes);
        tiny.run(tiny.config("warmer", "teacher.temperature=3"), 1, null);
        assertThat(ofTeachers()).hasSize(2);
    }

    /** A collective that ends its rank after some pieces of work. */
    private static final class Ended extends ForwardingCollective {
        private int remaining;

        Ended(Collective ranks, int pieces) {
            super(ranks);
            this.remaining = pieces;
        }

        @Override
        public void progressed() {
            if (remaining-- == 0) {
                throw new LostRankException(rank(), "it was killed", null);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Pupil.class,
            names = {"ANSWERS", "ENCODER_OF_ENCODER"})
    void resumesTheTeachersPassAfterAKill(Pupil pupil) throws Exception {
        TinyRun tiny = pupil.prepare(folder);
        String[] often = {"training.save_minutes=1.0e-9", "training.per_device_eval_batch_size=1"};
        RunConfig killed = tiny.config("killed", often);
        assertThatThrownBy(() -> tiny.run(killed, 1, null, "first", all -> new Ended(all, 8)))
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(LostRankException.class);
        Path parts = Path.of(URI.create(killed.output().dir())).resolve("reference");
        assertThat(ofTeachers()).isEmpty();
        try (Stream<Path> saved = Files.list(parts)) {
            assertThat(saved).hasSizeGreaterThan(1);
        }

        tiny.run(killed, 2, null, "second");

        assertThat(parts).doesNotExist();
        RunConfig whole = tiny.config("whole", often);
        Files.delete(ofTeachers().get(0));
        tiny.run(whole, 2, null, "whole");
        assertSameModel(TinyRun.model(killed), TinyRun.model(whole));
    }

    @Test
    void refusesATeacherWithAnotherTokenizer() throws Exception {
        TinyRun tiny = Pupil.ANSWERS.prepare(folder);
        Path other = TinyModel.copy(folder.resolve("other"), "smollm3", config -> {});
        Path tokenizer = other.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replaceFirst("\"id\": *0,", "\"id\": 383,"));

        assertRefused(
                tiny.config("out", "teacher.model=" + other.toUri()),
                "has another tokenizer than " + tiny.base().toUri());
    }

    @Test
    void refusesATeacherWithOtherLabels() throws Exception {
        TinyRun tiny = Pupil.ENCODER_OF_ENCODER.prepare(folder);
        Path other = TinyModel.copy(folder.resolve("other"), "roberta-seqcls", config -> {});

        RunConfig config = tiny.config("out", "teacher.model=" + other.toUri());

        assertRefused(config, "predicts the labels class0, class1, class2, the training rows have a, b, c");
        assertThatThrownBy(() -> TeacherFolder.labels(config, List.of("class0", "d"), HADOOP))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the training rows have class0, d");
        assertThat(TeacherFolder.labels(config, List.of("class2"), HADOOP))
                .containsExactly("class0", "class1", "class2");
    }

    @Test
    void refusesATeacherThatIsNoModelOfTheTask() throws Exception {
        TinyRun tiny = Pupil.ANSWERS.prepare(folder);
        assertRefused(tiny.config("a", "teacher.model=" + folder.resolve("none").toUri()), "there is no model in");
        Path adapter = TinyModel.copy(folder.resolve("adapter"), "llama-untied", config -> {});
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");
        assertRefused(tiny.config("b", "teacher.model=" + adapter.toUri()), "holds an adapter: write the whole model");
        Path encoder = TinyModel.copy(folder.resolve("encoder"), "bert-mlm", config -> {});
        assertRefused(tiny.config("c", "teacher.model=" + encoder.toUri()), "");
        assertRefused(tiny.config("d", "data.max_length=100000"), "data.max_length: 100000 is more than the ");
    }

    private static void assertRefused(RunConfig config, String message) {
        assertThatThrownBy(() -> TeacherFolder.check(config, HADOOP))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }
}
