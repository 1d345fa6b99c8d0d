package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.extra.erase.EraseCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A document of the first stage of a pipeline is erased: both models are those of runs without it. */
@Timeout(600)
class ErasePipelineTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static SparkSession spark;

    @TempDir
    Path dir;

    private final RecordedConsole console = new RecordedConsole();

    @BeforeAll
    static void start() {
        spark = Mails.session();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private List<Stage> stages(String output) {
        return RunConfigLoader.parseStages(
                """
                model: %s
                precision: fp32
                data: {format: jsonl, eval_fraction: 0.0, test_fraction: 0.2, max_length: 16, shards: 2}
                method: {type: lora}
                training: {num_train_epochs: 2, per_device_train_batch_size: 4, learning_rate: 5.0e-3, save_steps: 2}
                cluster: {ranks: 1}
                output: {dir: %s}
                pipeline:
                  texts:
                    task: masked-lm
                    data: {train: %s, dir: %s}
                  mails:
                    task: classification
                    data: {train: %s, dir: %s}
                """.formatted(
                                MODELS.resolve("bert-mlm").toAbsolutePath().normalize(),
                                dir.resolve(output),
                                dir.resolve("texts.jsonl"),
                                dir.resolve("texts"),
                                dir.resolve("mails.jsonl"),
                                dir.resolve("mails")),
                "pipeline",
                List.of());
    }

    private void write() throws IOException {
        List<String> texts = new ArrayList<>();
        List<String> mails = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            texts.add(JsonFiles.MAPPER.writeValueAsString(
                    Map.of("text", "Licence " + i + " lets you copy it " + i + " times.", "person", "p" + i)));
            mails.add(JsonFiles.MAPPER.writeValueAsString(Map.of(
                    "text",
                    (i % 2 == 0 ? "a cat and a cat " : "the dog of a dog ") + i,
                    "label",
                    i % 2 == 0 ? "cat" : "dog")));
        }
        Files.write(dir.resolve("texts.jsonl"), texts);
        Files.write(dir.resolve("mails.jsonl"), mails);
    }

    private void run(List<Stage> stages) throws IOException {
        for (int i = 0; i < stages.size(); i++) {
            Pipeline pipeline = new Pipeline(stages.get(i).config(), jobs(stages), console);
            pipeline.all(console.progress());
            pipeline.mergeForLater(stages.subList(i + 1, stages.size()));
        }
    }

    /** Returns jobs in the session, which stays open. */
    private static Jobs jobs(List<Stage> stages) {
        return SparkJobs.in(spark, stages.get(0).config());
    }

    private void erase(List<Stage> stages, String where, boolean plan) throws IOException {
        erase(stages, where, plan, console::progress);
    }

    private void erase(List<Stage> stages, String where, boolean plan, Supplier<Progress> progress) throws IOException {
        EraseCommand command = new EraseCommand();
        EraseCommand.Options options = new EraseCommand.Options(null, null, where, null, false, false, plan);
        jobs(stages).run(command, stages, options, progress, console);
    }

    private byte[] model(String output, String stage) throws IOException {
        return Files.readAllBytes(dir.resolve(output).resolve(stage).resolve("model/adapter_model.safetensors"));
    }

    @Test
    void laterStagesAreTrainedAgainFromTheErasedModel() throws Exception {
        write();
        List<Stage> stages = stages("run");
        run(stages);
        byte[] before = model("run", "mails");
        assertThatThrownBy(() -> erase(stages, "person=nobody", false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("person=nobody is in no row of the sources");

        erase(stages, "person=p7", true);
        assertThat(console.text())
                .contains("stage     texts\n", "stage     mails\n")
                .contains("from the start: the model before it is trained again");
        assertThat(model("run", "mails")).isEqualTo(before);

        assertThatThrownBy(() -> erase(stages, "person=p7", false, () -> {
                    throw new IllegalStateException("killed before the first training");
                }))
                .hasMessage("killed before the first training");
        assertThat(dir.resolve("run/texts/model")).doesNotExist();
        assertThat(dir.resolve("run/mails/model")).doesNotExist();
        erase(stages, "person=p7", false);
        assertThat(model("run", "mails")).isNotEqualTo(before);
        run(stages("anew"));
        assertThat(model("run", "texts")).isEqualTo(model("anew", "texts"));
        assertThat(model("run", "mails")).isEqualTo(model("anew", "mails"));
        console.clear();
        erase(stages, "person=p7", false);
        assertThat(console.text()).startsWith("erased    ").hasLineCount(1);
    }
}
