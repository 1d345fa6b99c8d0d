package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.explain.ExplainRequest;
import io.github.sparkfinetune.spark.explain.Explained;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExplainCommandTest extends CommandLineOverFakeJobs {
    @Test
    void explainsTheRowsOfTheInput() {
        results.put("explain", new Explained(List.of(), 0, null, 3));
        assertThat(finetune("explain", "--config", recipe(), "--input", "wrong.jsonl", "--output", "reasons"))
                .isZero();
        assertThat(finetune("explain", "--config", recipe(), "--input", "a", "--output", "b", "--documents", "3"))
                .isZero();
        assertThat(calls)
                .containsExactly(
                        "open",
                        "explain " + new ExplainRequest("wrong.jsonl", "reasons", 10),
                        "close",
                        "open",
                        "explain " + new ExplainRequest("a", "b", 3),
                        "close");
        assertThat(out.toString()).contains("explained 0 row(s) by 3 checkpoint(s)", "reasons   reasons");
    }

    @Test
    void refusesACountBelowOne() {
        assertThat(finetune("explain", "--config", recipe(), "--input", "a", "--output", "b", "--documents", "0"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--documents is 0: give 1 or more");
    }
}
