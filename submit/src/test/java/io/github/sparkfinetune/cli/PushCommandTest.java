package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.run.PushCommand;
import org.junit.jupiter.api.Test;

/** Fetches models of the Hub by name and pushes trained models. */
class PushCommandTest extends CommandLineOverFakeJobs {
    @Test
    void pushPrintsTheCommit() {
        results.put("push", "0123abcd");
        progressLine = "push      config.json: 2 bytes";
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails"))
                .isZero();
        assertThat(calls)
                .containsExactly("open", "push " + new PushCommand.Options("acme/mails", false, false), "close");
        assertThat(out.toString().lines())
                .containsExactly("push      config.json: 2 bytes", "commit    0123abcd", "model     acme/mails@main");
    }

    @Test
    void makesARepositoryPublicOnlyWithTheOption() {
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails", "--public"))
                .isZero();
        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails", "--private"))
                .isZero();
        assertThat(calls)
                .filteredOn(call -> call.startsWith("push"))
                .containsExactly(
                        "push " + new PushCommand.Options("acme/mails", true, false),
                        "push " + new PushCommand.Options("acme/mails", false, true));

        assertThat(finetune("push", "--config", recipe(), "--repo", "acme/mails", "--public", "--private"))
                .isEqualTo(2);
        assertThat(err.toString()).isEqualTo("error: --public and --private contradict each other: leave one out\n");
    }

    @Test
    void pushFetchesNoBaseModel() {
        assertThat(finetune("push", "--config", recipe(), "--set", "model=hub:acme/tiny", "--repo", "acme/mails"))
                .isZero();
        assertThat(out.toString()).startsWith("commit ").doesNotContain("fetch ");
    }

    @Test
    void rejectsABadNameOfARepository() {
        assertThat(finetune("push", "--config", recipe(), "--repo", "mails")).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: --repo is 'mails': it must be ORG/NAME");
    }

    @Test
    void fetchesAModelOfTheHubBeforeTheCommand() {
        assertThat(finetune("plan", "--config", recipe(), "--set", "model=hub:acme/tiny"))
                .isZero();
        assertThat(out.toString()).startsWith("fetch     model.safetensors: 3 bytes");
    }
}
