package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.RunException;
import org.junit.jupiter.api.Test;

/** Command lines of commands that are found as services. */
class RegisteredCommandTest extends CommandLineOverFakeJobs {
    @Test
    void printsProgressAndTheResult() {
        results.put("push", "0123abcd");
        progressLine = "push      config.json: 2 bytes";
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails"))
                .isZero();
        assertThat(calls)
                .containsExactly("open", "push Options[repo=acme/mails, isPublic=false, isPrivate=false]", "close");
        assertThat(out.toString().lines())
                .containsExactly("push      config.json: 2 bytes", "commit    0123abcd", "model     acme/mails@main");
    }

    @Test
    void acceptsOptionsWithoutAValue() {
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails", "--public"))
                .isZero();
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails", "--private"))
                .isZero();
        assertThat(calls)
                .filteredOn(call -> call.startsWith("push"))
                .containsExactly(
                        "push Options[repo=acme/mails, isPublic=true, isPrivate=false]",
                        "push Options[repo=acme/mails, isPublic=false, isPrivate=true]");
    }

    @Test
    void acceptsAListInOneOptionOrSeveral() {
        failure = RunException.data("there is no such table");
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
                .isEqualTo(3);
        assertThat(calls)
                .containsExactly(
                        "open",
                        "redact Options[input=table:mails, columns=[subject, body, notes], output=others]",
                        "close");
        assertThat(err.toString()).isEqualTo("error: there is no such table\n");
    }

    @Test
    void fetchesNoBaseModelForACommandThatReadsNone() {
        assertThat(finetune("push", "--config", recipe(), "--set", "model=hub:acme/tiny", "--repo", "acme/mails"))
                .isZero();
        assertThat(out.toString()).startsWith("commit ").doesNotContain("fetch ");
    }

    @Test
    void fetchesAModelOfTheHubBeforeTheCommand() {
        assertThat(finetune("plan", "--config", recipe(), "--set", "model=hub:acme/tiny"))
                .isZero();
        assertThat(out.toString()).startsWith("fetch     model.safetensors: 3 bytes");
    }

    @Test
    void rejectsArgumentsInOneLine() {
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails", "--public", "--private"))
                .isEqualTo(2);
        assertThat(err.toString()).isEqualTo("error: --public and --private contradict each other: leave one out\n");

        err.getBuffer().setLength(0);
        assertThat(finetune("push", "--config", recipe(), "--repo", "mails")).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: --repo is 'mails': it must be ORG/NAME");

        err.getBuffer().setLength(0);
        assertThat(finetune("export", "--config", recipe(), "--type", "Q5_1", "--output", "mails.gguf"))
                .isEqualTo(2);
        assertThat(err.toString())
                .isEqualToIgnoringNewLines("error: --type is 'Q5_1': it must be one of F32, F16, BF16, Q8_0, Q4_0");

        err.getBuffer().setLength(0);
        assertThat(finetune("export", "--config", recipe(), "--format", "onnx", "--output", "mails.onnx"))
                .isEqualTo(2);
        assertThat(err.toString()).isEqualToIgnoringNewLines("error: --format is 'onnx': it must be gguf");
    }

    @Test
    void requiresItsOptions() {
        assertThat(finetune("export", "--config", recipe())).isEqualTo(2);
        assertThat(err.toString()).contains("--output");

        err.getBuffer().setLength(0);
        assertThat(finetune("redact", "--config", recipe(), "--input", "mails")).isEqualTo(2);
        assertThat(err.toString()).contains("--output");
        assertThat(calls).isEmpty();
    }
}
