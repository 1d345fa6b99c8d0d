package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class EvaluateCommandTest extends CommandLineOverFakeJobs {
    @Test
    void comparesALanguageModelWithItsBase() throws IOException {
        int code =
                finetune("evaluate", "--config", "../conf/recipes/instruct-smollm2.yaml", "--set", "output.dir=" + dir);

        assertThat(code).isZero();
        assertThat(out.toString())
                .isEqualToNormalizingNewlines("test      loss 1.5000\nbase      loss 2.0000\n"
                        + "          the loss is 25.0% below the base model's\nreport    " + dir + "/report.html\n");
        JsonNode metrics =
                new ObjectMapper().readTree(dir.resolve("metrics.json").toFile());
        assertThat(metrics.at("/test/loss").asDouble()).isEqualTo(1.5);
        assertThat(metrics.at("/base/loss").asDouble()).isEqualTo(2.0);
        assertThat(metrics.has("confusion_matrix")).isFalse();
    }

    @Test
    void measuresOtherRowsApartFromTheRun() throws IOException {
        int code = finetune(
                "evaluate",
                "--config",
                "../conf/recipes/news-minilm.yaml",
                "--set",
                "output.dir=" + dir,
                "--input",
                "today.jsonl");

        assertThat(code).isZero();
        assertThat(calls).contains("evaluate today.jsonl into " + dir + "/evaluated");
        assertThat(out.toString())
                .isEqualToNormalizingNewlines(
                        "test      accuracy 0.5000\nmetrics   " + dir + "/evaluated/metrics.json\n");
        assertThat(dir.resolve("metrics.json")).doesNotExist();
        assertThat(new ObjectMapper()
                        .readTree(dir.resolve("evaluated/metrics.json").toFile())
                        .at("/test/accuracy")
                        .asDouble())
                .isEqualTo(0.5);
    }

    @Test
    void refusesAFolderWithoutRows() {
        assertThat(finetune(
                        "evaluate",
                        "--config",
                        "../conf/recipes/news-minilm.yaml",
                        "--set",
                        "output.dir=" + dir,
                        "--output",
                        "there"))
                .isEqualTo(2);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: --output is the folder of --input: give both, or none\n");
    }
}
