package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainCommandTest extends CommandLineOverFakeJobs {
    @Test
    void resumedRunReplacesTheRecordsOfRepeatedSteps() throws IOException {
        Files.writeString(
                dir.resolve("metrics.jsonl"),
                "{\"step\":0,\"total_steps\":2,\"epoch\":0.0,\"loss\":9.0}\n"
                        + "{\"step\":1,\"total_steps\":2,\"epoch\":0.5,\"loss\":9.0}\n{\"step\":2,\"tot");

        finetune("train", "--config", recipe(), "--set", "output.dir=" + dir);

        List<String> lines = Files.readAllLines(dir.resolve("metrics.jsonl"));
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).contains("\"step\":0");
        assertThat(lines.get(1)).contains("\"step\":1", "\"loss\":0.5");
    }

    @Test
    void namesTheModelAndTheReportAndShowsProgress() {
        assertThat(finetune("train", "--config", recipe(), "--set", "output.dir=" + dir))
                .isZero();
        assertThat(out.toString())
                .isEqualToNormalizingNewlines("warning   classifier.weight: newly initialized\n"
                        + "train     2 steps, 25.0 samples/s, 3,200 tokens/s, at most 800 MB resident"
                        + " in a process\nmodel     " + dir + "/model\nreport    " + dir + "/report.html\n");
        assertThat(err.toString()).contains("1/2  loss 0.5000").doesNotContain("\r");
    }

    @Test
    void redrawsOneLineOnATerminal() {
        finetune("train", "--config", recipe(), "--set", "output.dir=" + dir, "--progress", "bar");

        assertThat(err.toString()).startsWith("\rtrain     [").contains("1/2  loss 0.5000", "\u001b[K\r");
    }
}
