package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runs the completion script in a real bash. */
class CompletionTest extends CommandLineOverFakeJobs {
    private Path script;

    @BeforeEach
    void writeScript() throws IOException {
        assertThat(finetune("completion")).isZero();
        script = dir.resolve("finetune.bash");
        Files.writeString(script, out.toString());
        Files.createFile(dir.resolve("run.yaml"));
        Files.createDirectory(dir.resolve("runs"));
    }

    @Test
    void completesCommands() throws Exception {
        assertThat(complete("")).containsExactlyElementsOf(CommandHelpTest.commands());
        assertThat(complete("pre")).containsExactly("prepare", "predict");
        assertThat(complete("help", "ev")).containsExactly("evaluate", "evidence");
    }

    @Test
    void completesOptionsOfTheCommandAndOfTheLauncher() throws Exception {
        assertThat(complete("train", "--"))
                .containsExactlyInAnyOrder(
                        "--config",
                        "--set",
                        "--stage",
                        "--debug",
                        "--local",
                        "--progress",
                        "--help",
                        "--version",
                        "--master",
                        "--conf");
        assertThat(complete("merge", "--a")).containsExactly("--adapter");
        assertThat(complete("plan", "--in")).isEmpty();
        assertThat(complete("--m")).containsExactly("--master");
    }

    @Test
    void completesValues() throws Exception {
        assertThat(complete("run", "--progress", "")).containsExactly("bar", "lines");
        assertThat(complete("run", "--master", "y")).containsExactly("yarn");
        assertThat(complete("run", "--set", "training.learning")).containsExactly("training.learning_rate=");
        assertThat(complete("run", "--config", "r")).containsExactlyInAnyOrder("run.yaml", "runs");
        assertThat(complete("merge", "--config", "run.yaml", "--output", "ru"))
                .containsExactlyInAnyOrder("run.yaml", "runs");
    }

    /** Returns bash's completions for the last word. */
    private List<String> complete(String... words) throws IOException, InterruptedException {
        String quoted = Stream.concat(Stream.of("finetune"), Stream.of(words))
                .map(word -> "'" + word + "'")
                .collect(Collectors.joining(" "));
        String program = String.join(
                "\n",
                "source " + script,
                "COMP_WORDS=(" + quoted + ")",
                "COMP_CWORD=" + words.length,
                "COMP_LINE=\"${COMP_WORDS[*]}\"",
                // Calls the function that is registered for the command, as a TAB does.
                "$(complete -p finetune | sed 's/.*-F \\([^ ]*\\) .*/\\1/') finetune",
                "printf '%s\\n' \"${COMPREPLY[@]}\"");
        // Outside of a TAB compopt writes an error to stderr.
        Process bash = new ProcessBuilder("bash", "--norc", "-c", program)
                .directory(dir.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String offered = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).isZero();
        List<String> lines = new ArrayList<>(offered.lines().toList());
        lines.removeIf(String::isEmpty);
        return lines;
    }
}
