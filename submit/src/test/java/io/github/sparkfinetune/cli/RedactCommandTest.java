package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.redact.RedactCommand;
import io.github.sparkfinetune.spark.redact.RedactJob;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RedactCommandTest extends CommandLineOverFakeJobs {
    @Test
    void redactsTheNamedColumnsIntoTheGivenFolder() {
        results.put("redact", new RedactJob.Outcome("mails", List.of("text"), 3, Map.of("URL", 1L), null));
        assertThat(finetune("redact", "--config", recipe(), "--input", "mails", "--output", "clean"))
                .isZero();
        assertThat(finetune(
                        "redact",
                        "--config",
                        recipe(),
                        "--input",
                        "table:mails",
                        "--columns",
                        "subject,body",
                        "--columns",
                        "notes",
                        "--output",
                        "others"))
                .isZero();
        assertThat(calls)
                .containsExactly(
                        "open",
                        "redact " + new RedactCommand.Options("mails", List.of(), "clean"),
                        "close",
                        "open",
                        "redact "
                                + new RedactCommand.Options(
                                        "table:mails", List.of("subject", "body", "notes"), "others"),
                        "close");
        assertThat(out.toString()).contains("redacted  3 texts: URL 1", "copy      clean");
    }

    @Test
    void refusesACommandWithoutOutput() {
        assertThat(finetune("redact", "--config", recipe(), "--input", "mails")).isEqualTo(2);
        assertThat(err.toString()).contains("--output");
    }
}
