package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.tensor.Allocator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs {@code bin/finetune} with a java and a spark-submit that only print their arguments. */
class LauncherTest {
    @TempDir
    private Path home;

    @BeforeEach
    void install() throws IOException {
        Files.createDirectories(home.resolve("bin"));
        Files.copy(Path.of("bin/finetune"), home.resolve("bin/finetune"));
        Files.createDirectories(home.resolve("target"));
        Files.createFile(home.resolve("target/spark-finetune-1.jar"));
        Files.createDirectories(home.resolve("spark/jars"));
        executable("spark/bin/spark-submit", "printf '%s\\n' spark-submit \"$@\"; env");
        executable("java/bin/java", "printf '%s\\n' java \"$@\"");
    }

    private void executable(String name, String body) throws IOException {
        Path file = home.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/usr/bin/env bash\n" + body + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    static Stream<String> jobCommands() {
        return Finetune.commandLine(null).getSubcommands().entrySet().stream()
                .filter(command -> command.getValue().getCommand() instanceof SparkCommand)
                .map(Map.Entry::getKey);
    }

    static Stream<String> otherCommands() {
        List<String> jobs = jobCommands().toList();
        return CommandHelpTest.commands().stream()
                .filter(command ->
                        !jobs.contains(command) && !List.of("rollback", "watch").contains(command));
    }

    @ParameterizedTest
    @MethodSource("jobCommands")
    void passesCommandsOnARunToSparkSubmit(String command) throws Exception {
        assertThat(launch(command, "--conf=spark.a=b", "--config", "run.yaml"))
                .startsWith(
                        "spark-submit",
                        "--conf",
                        "spark.a=b",
                        "--class",
                        Finetune.class.getName(),
                        home.toRealPath() + "/target/spark-finetune-1.jar",
                        command,
                        "--local",
                        "--config",
                        "run.yaml");
        assertThat(launch(command, "--master", "yarn", "--config", "run.yaml"))
                .startsWith("spark-submit", "--master", "yarn")
                .containsSubsequence(command, "--config", "run.yaml")
                .doesNotContain("--local");
        assertThat(launch(command, "--config", "run.yaml", "--jars=a.jar,b.jar", "--deploy-mode", "cluster"))
                .startsWith("spark-submit", "--jars", "a.jar,b.jar", "--deploy-mode", "cluster", "--class")
                .containsSubsequence(command, "--config", "run.yaml");
        assertThat(launch(command, "--local", "--config", "run.yaml"))
                .containsOnlyOnce("--local")
                .containsSubsequence(command, "--local", "--config", "run.yaml");
        assertThat(launch(command, "--help")).contains("java").endsWith(Finetune.class.getName(), command, "--help");
    }

    @Test
    void passesRollbackToSparkSubmitForItsFileSystems() throws Exception {
        assertThat(launch("rollback", "--pointer", "model.json"))
                .startsWith("spark-submit")
                .containsSubsequence("rollback", "--pointer", "model.json")
                .doesNotContain("--local");
    }

    @Test
    void watchReadsTheFolderFromThisMachineWhateverTheMasterIs() throws Exception {
        List<String> command = launch(
                "watch", "--master", "yarn", "--deploy-mode=cluster", "--conf", "spark.a=b", "--config", "r.yaml");

        assertThat(command)
                .startsWith("spark-submit", "--master", "yarn", "--deploy-mode", "cluster", "--conf", "spark.a=b")
                .containsSubsequence("spark.a=b", "--master", "local[1]", "--deploy-mode", "client", "--class")
                .containsSubsequence("watch", "--config", "r.yaml")
                // The test's output is no terminal.
                .doesNotContain("--local", "--progress");
    }

    @ParameterizedTest
    @MethodSource("otherCommands")
    void runsOtherCommandsWithoutSparkSubmit(String command) throws Exception {
        assertThat(launch(command, "train")).startsWith("java").endsWith(Finetune.class.getName(), command, "train");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--help", "--version", "trian --config run.yaml", "--debug train"})
    void answersUnknownCommandsWithoutSpark(String line) throws Exception {
        String[] args = line.isEmpty() ? new String[0] : line.split(" ");

        List<String> shown = launch(args);

        assertThat(shown).startsWith("java").endsWith(args);
        assertThat(shown.subList(0, shown.size() - args.length)).endsWith(Finetune.class.getName());
    }

    @ParameterizedTest
    @CsvSource({"1.8.0_402,8", "11.0.22,11"})
    void rejectsAnOlderJava(String version, int major) throws Exception {
        executable("java/bin/java", "echo 'openjdk version \"" + version + "\" 2024-01-16' >&2");

        assertThat(launch(2, "train", "--config", "run.yaml"))
                .containsExactly("error: " + home + "/java/bin/java is Java " + major
                        + ": install JDK 17 or set JAVA_HOME to one");
    }

    @Test
    void setsTheAllocatorAsForExecutors() throws Exception {
        List<String> environment = launch("train", "--config", "run.yaml");

        assertThat(Allocator.ENVIRONMENT).isNotEmpty();
        Allocator.ENVIRONMENT.forEach((name, value) -> assertThat(environment).contains(name + "=" + value));
    }

    @Test
    void setsNoOtherVariablesOfTheAllocator() throws IOException {
        assertThat(Files.readString(Path.of("bin/finetune")).lines())
                .filteredOn(line -> line.matches(".*\\b(MALLOC_|GLIBC_).*"))
                .allSatisfy(line -> assertThat(Allocator.ENVIRONMENT.keySet().stream()
                                .reduce(line, (rest, name) -> rest.replace(name, "")))
                        .doesNotContain("MALLOC_", "GLIBC_"));
    }

    private List<String> launch(String... args) throws IOException, InterruptedException {
        return launch(0, args);
    }

    private List<String> launch(int exitCode, String... args) throws IOException, InterruptedException {
        ProcessBuilder launcher = new ProcessBuilder(Stream.concat(Stream.of(home + "/bin/finetune"), Stream.of(args))
                .toList());
        launcher.redirectErrorStream(true);
        Map<String, String> environment = launcher.environment();
        environment.keySet().removeAll(Allocator.ENVIRONMENT.keySet());
        environment.keySet().removeAll(List.of("MASTER", "SPARK_CONF_DIR"));
        environment.put("SPARK_HOME", home + "/spark");
        environment.put("JAVA_HOME", home + "/java");
        Process process = launcher.start();
        String shown = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(shown).isEqualTo(exitCode);
        return shown.lines().toList();
    }
}
