package io.github.sparkfinetune.extra.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RedactCommandTest {
    private static final Arguments<RedactCommand.Options> ARGUMENTS = new Arguments<>(RedactCommand.Options.class);

    @Test
    void isRegistered() {
        assertThat(Commands.named("redact")).containsInstanceOf(RedactCommand.class);
    }

    @Test
    void redactsTheNamedColumnsIntoTheGivenFolder() {
        assertThat(ARGUMENTS.of(Map.of("input", "mails", "output", "clean")))
                .isEqualTo(new RedactCommand.Options("mails", List.of(), "clean"));
        List<String> columns = List.of("subject", "body", "notes");
        assertThat(ARGUMENTS.of(Map.of("input", "table:mails", "columns", columns, "output", "others")))
                .isEqualTo(new RedactCommand.Options("table:mails", columns, "others"));
    }

    @Test
    void showsTheCountsAndTheFolder() {
        RedactJob.Outcome outcome = new RedactJob.Outcome("mails", List.of("text"), 3, Map.of("URL", 1L), null);
        assertThat(new RedactCommand().text(new RedactCommand.Options("mails", List.of(), "clean"), outcome))
                .containsExactly("redacted  3 texts: URL 1", "copy      clean");
    }

    @Test
    void requiresAnOutput() {
        assertThatThrownBy(
                        () -> ARGUMENTS.of(JsonFiles.MAPPER.createObjectNode().put("input", "mails")))
                .hasMessage("the call has no argument output: give it a value");
    }
}
