package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad input of each kind ends prepare with one line and without a dataset. */
class PrepareBadInputTest {
    @TempDir
    private Path folder;

    private SparkSession spark;
    private Path mails;

    @BeforeEach
    void start() throws IOException {
        spark = PrepareFixture.spark(2);
        mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(30));
    }

    @Test
    void refusesMissingAndEmptySources() throws IOException {
        refused(
                ExitCode.DATA,
                "data.train: file:" + folder + "/none.jsonl does not exist",
                "train: " + folder + "/none.jsonl");
        Path empty = PrepareFixture.write(folder.resolve("empty.jsonl"), List.of());
        refused(ExitCode.DATA, "empty.jsonl is empty", "train: " + empty);
        Path header = PrepareFixture.write(folder.resolve("header.csv"), List.of("text,label"));
        refused(ExitCode.DATA, "header.csv has no rows", "train: " + header);
        Path blank = PrepareFixture.write(folder.resolve("blank.jsonl"), List.of("", "", ""));
        refused(ExitCode.DATA, "blank.jsonl has no rows", "train: " + blank);
        Files.createDirectories(folder.resolve("nothing"));
        refused(ExitCode.DATA, "nothing is empty", "train: " + folder.resolve("nothing"));
        refused(ExitCode.DATA, "data.eval: ", "train: " + mails, "eval: " + folder + "/none.jsonl");
    }

    @Test
    void refusesMissingColumns() throws IOException {
        refused(ExitCode.CONFIG, "has a column body, its columns are label, text", "train: " + mails, "text: body");
        refused(ExitCode.CONFIG, "data.label: no row of", "train: " + mails, "label: topic");
        Path csv = PrepareFixture.write(folder.resolve("mails.csv"), List.of("text,label", "a,b"));
        refused(
                ExitCode.CONFIG,
                "data.text: file:" + csv + " has no column body, its columns are text, label",
                "train: " + csv,
                "text: body");
        spark.read()
                .json(mails.toString())
                .write()
                .parquet(folder.resolve("mails.parquet").toString());
        refused(
                ExitCode.CONFIG,
                "has no column topic, its columns are label, text",
                "train: " + folder.resolve("mails.parquet"),
                "label: topic");
    }

    @Test
    void refusesUnknownAndWrongFormats() throws IOException {
        Path unknown = PrepareFixture.write(folder.resolve("mails.xml"), List.of("<mail/>"));
        refused(ExitCode.CONFIG, "set data.format to text_folders", "train: " + unknown);
        Path parquet = PrepareFixture.write(folder.resolve("mails.parquet"), List.of("this is no parquet file at all"));
        refused(ExitCode.DATA, "is not a Parquet file", "train: " + parquet);
        // Only a task notices this one.
        Path gzip = PrepareFixture.write(folder.resolve("mails.jsonl.gz"), List.of("this is no gzip file at all"));
        refused(ExitCode.DATA, "mails.jsonl.gz cannot be read (not a gzip file)", "train: " + gzip);
        refused(ExitCode.DATA, "malformed_record: 1", "train: " + unknown, "format: jsonl");
    }

    @Test
    void refusesLabelsThatDoNotFit() throws IOException {
        Path one = PrepareFixture.write(folder.resolve("one.jsonl"), List.of(PrepareFixture.json(1, "ham")));
        refused(ExitCode.DATA, "classification needs at least two labels", "train: " + one);
        Path eval = PrepareFixture.write(folder.resolve("eval.jsonl"), List.of(PrepareFixture.json(1, "phishing")));
        refused(
                ExitCode.DATA,
                "have the label phishing, which data.train does not have",
                "train: " + mails,
                "eval: " + eval);
    }

    @Test
    void reportsLineEndsInTextsOfCsv() throws IOException {
        Path csv = PrepareFixture.write(
                folder.resolve("mails.csv"),
                List.of("label,text", "ham,\"first line", "second line\"", "spam,one line"));
        refused(
                ExitCode.DATA,
                "if texts in quotes hold line ends, set data.multiline: true; otherwise fix the rows",
                "train: " + csv);
        Manifest cut = PrepareJob.run(
                spark,
                PrepareFixture.config(
                        folder.resolve("cut"), "train: " + csv, "max_bad_fraction: 0.5", "eval_fraction: 0"));
        assertThat(cut.warnings()).extracting(Warning::code).contains("malformed_csv");
        Manifest whole = PrepareJob.run(
                spark,
                PrepareFixture.config(folder.resolve("whole"), "train: " + csv, "multiline: true", "eval_fraction: 0"));
        assertThat(whole.badRows()).isEmpty();
        assertThat(whole.options().multiline()).isTrue();
    }

    @Test
    void refusesAColumnThatHoldsNoLabels() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i <= 10_000; i++) {
            rows.add(PrepareFixture.json(i % 10, "message-" + i));
        }
        Path ids = PrepareFixture.write(folder.resolve("ids.jsonl"), rows);
        assertThat(refused(ExitCode.DATA, "data.label: there are more than 10,000 different labels", "train: " + ids))
                .contains("such as \"message-");
    }

    @Test
    void refusesTooManyUnusableRowsAndBinaryFiles() throws IOException {
        byte[] noise = new byte[5000];
        new java.util.Random(1).nextBytes(noise);
        for (String label : List.of("ham", "spam")) {
            PrepareFixture.write(folder.resolve("folders").resolve(label).resolve("a.txt"), List.of("a text"));
        }
        Files.write(folder.resolve("folders/spam/picture.png"), noise);
        Files.write(folder.resolve("folders/spam/empty.txt"), new byte[0]);
        Files.write(folder.resolve("folders/readme.txt"), "no label".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(refused(ExitCode.DATA, "3 of 5 rows", "train: " + folder.resolve("folders")))
                .contains(
                        "binary_text: 1", "spam/picture.png", "empty_text: 1", "no_label: 1", "data.max_bad_fraction");
    }

    @Test
    void refusesModelsThatDoNotFit() throws IOException {
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), "train: " + mails);
        Path model = Files.createDirectories(folder.resolve("model"));
        Files.copy(Path.of(config.model()).resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        Files.writeString(model.resolve("config.json"), "{\"vocab_size\": 7}");
        assertThatThrownBy(() -> PrepareJob.run(spark, withModel(config, model)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the tokenizer does not fit the model");
        refused(ExitCode.CONFIG, "positions of", "train: " + mails, "max_length: 100000");
        RunConfig long65 = PrepareFixture.config(folder.resolve("dataset"), "train: " + mails, "max_length: 65");
        Path gpt2 = Path.of(config.model()).resolveSibling("gpt2");
        assertThatThrownBy(() -> PrepareJob.run(spark, withModel(long65, gpt2)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.max_length: 65 is more than the 64 positions of");
    }

    private static RunConfig withModel(RunConfig config, Path model) {
        return RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of("model=" + model));
    }

    @Test
    void replacesOnlyDatasetsThatWereInterrupted() throws IOException {
        Path dataset = folder.resolve("dataset");
        Files.createDirectories(dataset);
        Files.writeString(dataset.resolve("thesis.txt"), "precious");
        refused(ExitCode.CONFIG, "it holds thesis.txt", "train: " + mails);
        assertThat(dataset.resolve("thesis.txt")).hasContent("precious");
        Files.delete(dataset.resolve("thesis.txt"));

        // The rests of an interrupted run are replaced.
        Files.createDirectories(dataset.resolve("train"));
        Files.writeString(dataset.resolve("train/part-00002.parquet"), "half a file");
        refused(ExitCode.CONFIG, "it holds train", "train: " + mails);
        Files.writeString(dataset.resolve("_PREPARING"), "");
        RunConfig config = PrepareFixture.config(dataset, "train: " + mails);
        Manifest manifest = PrepareJob.run(spark, config);
        assertThat(PrepareFixture.samples(dataset, manifest, "train")).hasSize(27);

        // A finished dataset is used again, or refused with the difference.
        long written =
                Files.getLastModifiedTime(dataset.resolve("manifest-1.json")).toMillis();
        assertThat(PrepareJob.run(spark, config)).isEqualTo(manifest);
        assertThat(Files.getLastModifiedTime(dataset.resolve("manifest-1.json")).toMillis())
                .isEqualTo(written);
        refused(ExitCode.CONFIG, "data.seed: 42, this run has 43", "train: " + mails, "seed: 43");
        PrepareFixture.write(mails, PrepareFixture.mails(31));
        refused(ExitCode.CONFIG, "the files have changed since", "train: " + mails);
    }

    @Test
    void refusesAFolderThatCannotBeWritten() throws IOException {
        Files.writeString(folder.resolve("file"), "");
        RunConfig config = PrepareFixture.config(folder.resolve("file/dataset"), "train: " + mails);
        assertThatThrownBy(() -> PrepareJob.run(spark, config))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.dir: cannot write to");
    }

    private String refused(ExitCode code, String message, String... data) {
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), data);
        try {
            PrepareJob.run(spark, config);
        } catch (RunException e) {
            assertThat(e).hasMessageContaining(message);
            assertThat(e.getMessage()).doesNotContain("\n");
            assertThat(e.exitCode()).isEqualTo(code);
            assertThat(folder.resolve("dataset/manifest-1.json"))
                    .satisfiesAnyOf(
                            path -> assertThat(path).doesNotExist(),
                            path -> assertThat(message).containsAnyOf("this run has", "changed since"));
            return e.getMessage();
        }
        throw new AssertionError("not refused: " + message);
    }
}
