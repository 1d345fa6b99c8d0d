package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MineCommandTest extends CommandLineOverFakeJobs {
    @Test
    void mineWritesToTheGivenFolder() {
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
                .containsExactly("open", "mine 5 0 0.05 pairs", "close", "open", "mine 3 1 0.1 others", "close");
        assertThat(out.toString()).contains("mined     2 pairs", "pairs     pairs");
    }

    @Test
    void refusesACountBelowOne() {
        assertThat(finetune("mine", "--config", recipe(), "--num-negatives", "0", "--output", "pairs"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--num-negatives: 0 is not allowed, it must be at least 1");
    }
}
