package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.ColumnNames;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.job.SparkJobs;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans, prepares and trains the file that {@code init} writes, unchanged. */
class InitRunTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
            .toAbsolutePath();

    @TempDir
    private Path dir;

    private String run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Finetune.execute(
                SparkJobs::open,
                InitCommand.Terminal.ofProcess(),
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args);
        assertThat(code).as(err.toString()).isZero();
        return out.toString();
    }

    @Test
    void trainsAFileThatInitWrites() throws IOException {
        List<String> mails = new ArrayList<>(List.of("id,Body,kind"));
        for (int i = 0; i < 60; i++) {
            String words = i % 3 == 0 ? "license and copyright" : "notice of a warranty";
            mails.add(String.format(
                    Locale.ROOT, "%d,%s %s,%s", i, words, "copy ".repeat(i % 7), i % 3 == 0 ? "law" : "no"));
        }
        Path data = Files.write(dir.resolve("mails.csv"), mails);
        Path file = dir.resolve("run.yaml");

        String printed = run(
                "init",
                "--local",
                "--data",
                data.toString(),
                "--model",
                MODEL.toString(),
                "--output",
                file.toString(),
                "--set",
                "output.dir=" + dir.resolve("run"),
                "--ranks",
                "2");

        assertThat(printed)
                .contains("task        classification: texts in Body, a label each in kind", "no 40, law 20");
        RunConfig config = RunConfigLoader.load(file, List.of());
        assertThat(config.data().text()).isEqualTo("Body");
        assertThat(config.data().label()).isEqualTo("kind");
        assertThat(config.data().maxLength()).isEqualTo(16);
        assertThat(config.training().perDeviceTrainBatchSize()).isEqualTo(8);
        run("plan", "--local", "--config", file.toString());
        assertThat(run("run", "--local", "--config", file.toString())).contains("accuracy");
    }

    @Test
    void holdsOutRowsOfAPatientTogether() throws IOException {
        List<String> notes = new ArrayList<>(List.of("patient_id,text,label,visit_id"));
        for (int i = 0; i < 60; i++) {
            notes.add(i / 4 + ",note " + i + "," + (i % 2 == 0 ? "a" : "b") + "," + i);
        }
        Path file = dir.resolve("run.yaml");

        String printed = run(
                "init",
                "--local",
                "--data",
                Files.write(dir.resolve("notes.csv"), notes).toString(),
                "--model",
                MODEL.toString(),
                "--output",
                file.toString(),
                "--set",
                "output.dir=" + dir.resolve("run"));

        assertThat(printed).contains("split       by patient_id: rows with one value are held out together");
        RunConfig config = RunConfigLoader.load(file, List.of());
        assertThat(config.data().splitBy()).isEqualTo(ColumnNames.of(List.of("patient_id")));
        assertThat(config.data().testFraction()).isEqualTo(0.1);
        run("prepare", "--local", "--config", file.toString());
    }

    @Test
    void findsPairsOfAnswers() throws IOException {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            pairs.add("{\"prompt\": \"May I copy " + i
                    + "?\", \"chosen\": \" You may.\", \"rejected\": \" No, never.\"}");
        }
        Path file = dir.resolve("run.yaml");

        String printed = run(
                "init",
                "--local",
                "--data",
                Files.write(dir.resolve("pairs.jsonl"), pairs).toString(),
                "--model",
                MODEL.resolveSibling("llama-tied").toString(),
                "--output",
                file.toString(),
                "--set",
                "output.dir=" + dir.resolve("run"));

        assertThat(printed).contains("task        preference: pairs of answers in chosen and rejected");
        RunConfig config = RunConfigLoader.load(file, List.of());
        assertThat(config.method().type()).isEqualTo(MethodConfig.Type.LORA);
        assertThat(config.training().learningRate()).isEqualTo(1e-4);
        run("plan", "--local", "--config", file.toString());
    }

    /** 30 of 100 texts are longer than the model's 64 positions, so the 99th percentile is unknown. */
    @Test
    void reportsLengthsUpToTheModelsPositions() throws IOException {
        List<String> mails = new ArrayList<>(List.of("id,Body,kind"));
        for (int i = 0; i < 100; i++) {
            mails.add(String.format(
                    Locale.ROOT,
                    "%d,%d notices %s,%s",
                    i,
                    i,
                    "copy ".repeat(i % 10 < 3 ? 100 : 8),
                    i % 2 == 0 ? "a" : "b"));
        }

        String printed = run(
                "init",
                "--local",
                "--data",
                Files.write(dir.resolve("mails.csv"), mails).toString(),
                "--model",
                MODEL.toString(),
                "--output",
                dir.resolve("run.yaml").toString());

        assertThat(printed).containsPattern("half have at most \\d+, 30 of 100 have the model's 64 or more");
    }
}
