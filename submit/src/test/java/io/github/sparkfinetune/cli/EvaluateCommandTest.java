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
}
