package io.github.sparkfinetune.extra.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExportCommandTest {
    private static final Arguments<ExportCommand.Options> ARGUMENTS = new Arguments<>(ExportCommand.Options.class);

    @Test
    void isRegistered() {
        assertThat(Commands.named("export")).containsInstanceOf(ExportCommand.class);
    }

    @Test
    void acceptsTypesInAnyCase() {
        assertThat(ARGUMENTS.of(Map.of("output", "mails.gguf")))
                .isEqualTo(new ExportCommand.Options("mails.gguf", "gguf", "F16"));
        assertThat(ARGUMENTS.of(Map.of("output", "mails.gguf", "format", "gguf", "type", "q8_0")))
                .isEqualTo(new ExportCommand.Options("mails.gguf", "gguf", "Q8_0"));
    }

    @Test
    void showsTheTypeOfTheWeights() {
        GgufExport.Exported exported = new GgufExport.Exported(4, 1000, 3 << 20);
        assertThat(new ExportCommand().text(new ExportCommand.Options("mails.gguf", "gguf", "q8_0"), exported))
                .containsExactly("exported  4 tensors, 1,000 parameters as Q8_0, 3 MB", "file      mails.gguf");
    }

    @Test
    void rejectsOtherTypesAndFormats() {
        assertThatThrownBy(() -> ARGUMENTS.of(Map.of("output", "mails.gguf", "type", "Q5_1")))
                .hasMessage("--type is 'Q5_1': it must be one of F32, F16, BF16, Q8_0, Q4_0");
        assertThatThrownBy(() -> ARGUMENTS.of(Map.of("output", "mails.onnx", "format", "onnx")))
                .hasMessage("--format is 'onnx': it must be gguf");
    }

    @Test
    void requiresAnOutput() {
        assertThatThrownBy(() -> ARGUMENTS.of(JsonFiles.MAPPER.createObjectNode()))
                .hasMessage("the call has no argument output: give it a value");
    }
}
