package io.github.sparkfinetune.extra.mine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MineCommandTest {
    private static final Arguments<MineOptions> ARGUMENTS = new Arguments<>(MineOptions.class);

    @Test
    void isRegistered() {
        assertThat(Commands.named("mine")).containsInstanceOf(MineCommand.class);
    }

    @Test
    void takesTheDefaultsOfSentenceTransformers() {
        assertThat(ARGUMENTS.of(Map.of("output", "pairs"))).isEqualTo(new MineOptions("pairs", 5, 0, 0.05));
    }

    @Test
    void refusesACountBelowOne() {
        assertThatThrownBy(() -> ARGUMENTS.of(Map.of("output", "pairs", "numNegatives", 0)))
                .hasMessage("--num-negatives: 0 is not allowed, it must be at least 1");
    }

    @Test
    void showsCountsAndFolder() {
        assertThat(new MineCommand().text(new MineOptions("pairs", 3, 1, 0.1), new MineJob.Mined(3, 2, 5)))
                .containsExactly("mined     3 pairs, 2 of them with negatives, 5 negatives", "pairs     pairs");
    }
}
