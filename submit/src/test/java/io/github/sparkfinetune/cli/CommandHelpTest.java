package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class CommandHelpTest extends CommandLineOverFakeJobs {

    static List<String> commands() {
        return List.copyOf(Finetune.commandLine(null).getSubcommands().keySet());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpOfACommandFitsAScreenAndEndsWithAnExample(String command) {
        assertThat(finetune(command, "--help")).isZero();

        assertFitsAScreen(out.toString());
        assertThat(out.toString()).contains("Usage: finetune " + command, "\nExample");
        assertThat(lastLine()).contains("finetune ").startsWith("  ");
        assertThat(err.toString()).isEmpty();
        assertThat(calls).isEmpty();

        String asOption = out.toString();
        out.getBuffer().setLength(0);
        assertThat(finetune("help", command)).isZero();
        assertThat(out.toString()).isEqualTo(asOption);
    }

    /** The command accepts its example. */
    @ParameterizedTest
    @MethodSource("commands")
    void commandAcceptsItsExample(String command) {
        finetune(command, "--help");

        String example = lastLine().strip().replaceFirst("^source <\\((.*)\\)$", "$1");
        assertThat(example).startsWith("finetune " + command);
        // The launcher passes --master to spark-submit.
        String[] args = example.replaceFirst("finetune ", "")
                .replaceFirst(" --master \\S+", "")
                .split(" +");
        CommandLine.ParseResult parsed = Finetune.commandLine(null).parseArgs(args);
        assertThat(parsed.subcommand().commandSpec().name()).isEqualTo(command);
    }

    @Test
    void commandShowsOnlyItsOwnOptions() {
        finetune("train", "--help");
        assertThat(out.toString())
                .contains("--config", "--set", "--debug", "--local", "--progress")
                .doesNotContain("--input", "--output", "--adapter");

        out.getBuffer().setLength(0);
        finetune("merge", "--help");
        assertThat(out.toString()).contains("--output", "--adapter").doesNotContain("--input", "--progress");
    }

    @Test
    void showsAllCommandsWithoutArgumentsAndWithHelp() {
        assertThat(finetune()).isEqualTo(2);
        assertThat(err.toString()).isEmpty();
        String alone = out.toString();
        assertFitsTheWidth(alone);
        assertThat(alone).contains("Usage: finetune", "Example", "--master, ", "Exit codes");
        assertThat(commands()).allSatisfy(command -> assertThat(alone).contains("\n  " + command + " "));

        out.getBuffer().setLength(0);
        assertThat(finetune("--help")).isZero();
        assertThat(out.toString()).isEqualTo(alone);

        out.getBuffer().setLength(0);
        assertThat(finetune("--version")).isZero();
        assertThat(out.toString()).startsWith("spark-finetune ");
    }

    private String lastLine() {
        return out.toString().stripTrailing().lines().reduce("", (before, line) -> line);
    }

    private static void assertFitsAScreen(String help) {
        assertThat(help.lines().count()).isLessThanOrEqualTo(31);
        assertFitsTheWidth(help);
    }

    private static void assertFitsTheWidth(String help) {
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }
}
