package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class RunCommandTest extends CommandLineOverFakeJobs {
    @Test
    void runPreparesTrainsEvaluatesAndWritesMetrics() throws IOException {
        int code = finetune("run", "--local", "--config", recipe(), "--set", "output.dir=" + dir);

        assertThat(err.toString())
                .contains("[##########----------] 1/2  loss 0.5000  lr 1.00e-04  3,200 tokens/s  ETA ?");
        assertThat(code).isZero();
        assertThat(calls).containsExactly("open local", "check", "prepare", "train", "evaluate", "close");
        assertThat(out.toString())
                .contains("train     2 steps, 25.0 samples/s, 3,200 tokens/s, at most 800 MB resident in a process")
                .contains("model     " + dir + "/model")
                .contains("report    " + dir + "/report.html")
                .contains("test      accuracy 0.7500");
        JsonNode metrics =
                new ObjectMapper().readTree(dir.resolve("metrics.json").toFile());
        assertThat(metrics.at("/test/accuracy").asDouble()).isEqualTo(0.75);
        assertThat(metrics.at("/train/peak_rss_mb").asDouble()).isEqualTo(800);
        assertThat(metrics.at("/confusion_matrix/counts/1/1").asInt()).isEqualTo(2);
        assertThat(Files.readAllLines(dir.resolve("metrics.jsonl")))
                .hasSize(2)
                .first()
                .asString()
                .startsWith("{\"step\":1,\"total_steps\":2,")
                .contains("\"learning_rate\":1.0E-4");
        assertThat(dir.resolve("report.html")).isNotEmptyFile();
        try (var files = Files.list(dir)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "run.yaml", "metrics.jsonl", "metrics.json", "report.html", "progress.json", "status.json");
        }
    }

    @Test
    void pipelineRunsEachStageOnce() throws IOException {
        Path chain = chain();
        String[] command = {"run", "--config", chain.toString()};

        assertThat(finetune(command)).isZero();

        String merge = "merge null " + dir + "/chain/domain/merged";
        assertThat(calls)
                .containsExactly(
                        "open",
                        "check",
                        "prepare",
                        "train",
                        "evaluate",
                        merge,
                        "check",
                        "prepare",
                        "train",
                        "evaluate",
                        "close");
        assertThat(out.toString())
                .contains("stage     domain", "stage     labels", "report    " + dir + "/chain/report.html");
        assertThat(dir.resolve("chain/report.html"))
                .content()
                .contains("<a href=\"domain/report.html\">domain</a>", "2 stages", "0.7500");
        JsonNode metrics =
                new ObjectMapper().readTree(dir.resolve("chain/metrics.json").toFile());
        assertThat(metrics.at("/stages/labels/test/accuracy").asDouble()).isEqualTo(0.75);

        // A killed merge leaves such a folder in an object store.
        calls.clear();
        Path merged = Files.createDirectory(dir.resolve("chain/domain/merged"));
        Files.writeString(merged.resolve("model.safetensors"), "");
        assertThat(finetune(command)).isZero();
        assertThat(calls).containsExactly("open", "check", merge, "check", "close");

        calls.clear();
        Files.writeString(merged.resolve("config.json"), "{}");
        assertThat(finetune(command)).isZero();
        assertThat(calls).containsExactly("open", "check", "check", "close");

        calls.clear();
        assertThat(finetune("train", "--config", chain.toString(), "--stage", "labels"))
                .isZero();
        assertThat(calls).containsExactly("open", "check", "train", "close");
        assertThat(finetune("train", "--config", chain.toString())).isEqualTo(2);
        assertThat(finetune("train", "--config", chain.toString(), "--stage", "other"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("name one with --stage, of domain, labels")
                .contains("--stage other: " + chain + " has the stages domain, labels");
    }
}
