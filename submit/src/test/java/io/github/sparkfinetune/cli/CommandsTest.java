package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The commands of the whole distribution: those of the core and of every extra. */
class CommandsTest {
    static List<Command<?, ?>> commands() {
        return Commands.all();
    }

    @Test
    void everyCommandHasItsPlace() {
        assertThat(commands()).extracting(Command::name).doesNotHaveDuplicates().contains("trace");
        assertThat(commands()).extracting(Command::place).doesNotHaveDuplicates();
        assertThat(Commands.named("trace")).isPresent();
        assertThat(Commands.named("train")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyArgumentIsDescribed(Command<?, ?> command) {
        List<Arguments.Parameter> parameters = new Arguments<>(command.arguments()).parameters();
        assertThat(parameters).isNotEmpty().allSatisfy(parameter -> {
            assertThat(parameter.words()).as(parameter.option()).isNotNull();
            assertThat(parameter.type()).isIn(Set.of(String.class, int.class, double.class, boolean.class, List.class));
            assertThat(parameter.words().label().isEmpty()).isEqualTo(parameter.type() == boolean.class);
        });
    }
}
