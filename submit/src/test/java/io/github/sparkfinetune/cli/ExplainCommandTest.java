package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExplainCommandTest extends CommandLineOverFakeJobs {
    @Test
    void explainsTheRowsOfTheInput() {
        assertThat(finetune("explain", "--config", recipe(), "--input", "wrong.jsonl", "--output", "reasons"))
                .isZero();
        assertThat(finetune("explain", "--config", recipe(), "--input", "a", "--output", "b", "--documents", "3"))
                .isZero();
        assertThat(calls)
                .containsExactly("open", "explain wrong.jsonl reasons 10", "close", "open", "explain a b 3", "close");
        assertThat(out.toString()).contains("explained 1 row(s) by 3 checkpoint(s)", "reasons   reasons");
    }

    @Test
    void refusesACountBelowOne() {
        assertThat(finetune("explain", "--config", recipe(), "--input", "a", "--output", "b", "--documents", "0"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--documents is 0: give 1 or more");
    }
}
