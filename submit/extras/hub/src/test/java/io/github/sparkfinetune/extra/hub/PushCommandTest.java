package io.github.sparkfinetune.extra.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PushCommandTest {
    private static final Arguments<PushCommand.Options> ARGUMENTS = new Arguments<>(PushCommand.Options.class);

    @Test
    void isRegistered() {
        assertThat(Commands.named("push")).containsInstanceOf(PushCommand.class);
    }

    @Test
    void makesARepositoryPublicOnlyWithTheOption() {
        assertThat(ARGUMENTS.of(Map.of("repo", "acme/mails")))
                .isEqualTo(new PushCommand.Options("acme/mails", false, false));
        assertThat(ARGUMENTS.of(Map.of("repo", "acme/mails", "isPublic", true)))
                .isEqualTo(new PushCommand.Options("acme/mails", true, false));
        assertThatThrownBy(() -> ARGUMENTS.of(Map.of("repo", "acme/mails", "isPublic", true, "isPrivate", true)))
                .hasMessage("--public and --private contradict each other: leave one out");
    }

    @Test
    void rejectsABadNameOfARepository() {
        assertThatThrownBy(() -> ARGUMENTS.of(Map.of("repo", "mails")))
                .hasMessageStartingWith("--repo is 'mails': it must be ORG/NAME");
    }

    @Test
    void printsTheCommit() {
        assertThat(new PushCommand().text(new PushCommand.Options("acme/mails", false, false), "0123abcd"))
                .containsExactly("commit    0123abcd", "model     acme/mails@main");
    }
}
