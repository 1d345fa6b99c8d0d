package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RedactCommandTest extends CommandLineOverFakeJobs {
    @Test
    void redactsTheNamedColumnsIntoTheGivenFolder() {
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
                        "redact mails [] clean",
                        "close",
                        "open",
                        "redact table:mails [subject, body, notes] others",
                        "close");
        assertThat(out.toString()).contains("redacted  3 texts: URL 1", "copy      clean");
    }

    @Test
    void refusesACommandWithoutOutput() {
        assertThat(finetune("redact", "--config", recipe(), "--input", "mails")).isEqualTo(2);
        assertThat(err.toString()).contains("--output");
    }
}
