package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.mine.MineJob;
import io.github.sparkfinetune.spark.mine.MineOptions;
import org.junit.jupiter.api.Test;

class MineCommandTest extends CommandLineOverFakeJobs {
    @Test
    void mineWritesToTheGivenFolder() {
        results.put("mine", new MineJob.Mined(3, 2, 5));
        assertThat(finetune("mine", "--config", recipe(), "--set", "output.dir=" + dir, "--output", "pairs"))
                .isZero();
        assertThat(finetune(
                        "mine",
                        "--config",
                        recipe(),
                        "--num-negatives",
                        "3",
                        "--range-min",
                        "1",
                        "--absolute-margin",
                        "0.1",
                        "--output",
                        "others"))
                .isZero();
        assertThat(calls)
                .containsExactly(
                        "open",
                        "mine " + new MineOptions("pairs", 5, 0, 0.05),
                        "close",
                        "open",
                        "mine " + new MineOptions("others", 3, 1, 0.1),
                        "close");
        assertThat(out.toString())
                .contains("mined     3 pairs, 2 of them with negatives, 5 negatives", "pairs     pairs");
    }

    @Test
    void refusesACountBelowOne() {
        assertThat(finetune("mine", "--config", recipe(), "--num-negatives", "0", "--output", "pairs"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--num-negatives: 0 is not allowed, it must be at least 1");
    }
}
