package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.gguf.GgufExport;
import io.github.sparkfinetune.spark.run.ExportCommand;
import org.junit.jupiter.api.Test;

class ExportCommandTest extends CommandLineOverFakeJobs {
    @Test
    void acceptsTypesInAnyCase() {
        results.put("export", new GgufExport.Exported(4, 1000, 3 << 20));
        assertThat(finetune("export", "--config", recipe(), "--output", "mails.gguf"))
                .isZero();
        assertThat(finetune(
                        "export", "--config", recipe(), "--format", "gguf", "--type", "q8_0", "--output", "mails.gguf"))
                .isZero();
        assertThat(calls)
                .containsExactly(
                        "open",
                        "export " + new ExportCommand.Options("mails.gguf", "gguf", "F16"),
                        "close",
                        "open",
                        "export " + new ExportCommand.Options("mails.gguf", "gguf", "Q8_0"),
                        "close");
        assertThat(out.toString())
                .contains(
                        "exported  4 tensors, 1,000 parameters as F16, 3 MB",
                        "file      mails.gguf",
                        "exported  4 tensors, 1,000 parameters as Q8_0, 3 MB");
    }

    @Test
    void rejectsOtherTypesAndFormats() {
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
    void requiresAnOutput() {
        assertThat(finetune("export", "--config", recipe())).isEqualTo(2);
        assertThat(err.toString()).contains("--output");
        assertThat(calls).isEmpty();
    }
}
