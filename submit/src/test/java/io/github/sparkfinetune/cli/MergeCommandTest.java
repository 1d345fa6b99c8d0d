package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MergeCommandTest extends CommandLineOverFakeJobs {
    @Test
    void mergeWritesToTheGivenFolder() {
        assertThat(finetune("merge", "--config", recipe(), "--set", "output.dir=" + dir, "--output", "merged"))
                .isZero();
        assertThat(finetune("merge", "--config", recipe(), "--adapter", "lora", "--output", "other"))
                .isZero();
        assertThat(calls).containsExactly("open", "merge null merged", "close", "open", "merge lora other", "close");
        assertThat(out.toString()).contains("merged    4 linears", "model     merged");
    }
}
