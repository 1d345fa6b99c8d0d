package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Checks of the DAGs that need no Airflow; submit/airflow/test runs them in Airflow. */
@Timeout(600)
class AirflowDagsTest {
    private static final Path FOLDER = Path.of("airflow");

    @Test
    void dagsKnowTheCommands() throws Exception {
        assertThat(python("-m", "unittest", "discover", "-s", "airflow/tests"))
                .startsWith("0 ")
                .containsPattern("Ran [1-9]\\d* tests");
    }

    @Test
    void filesAreWellFormed() throws Exception {
        List<String> files;
        try (Stream<Path> all = Files.walk(FOLDER)) {
            files = all.filter(file -> file.toString().endsWith(".py") || file.endsWith("test"))
                    .map(Path::toString)
                    .toList();
        }
        String check = "import ast, sys; [ast.parse(open(name).read(), name) for name in sys.argv[1:]]";

        assertThat(files).hasSizeGreaterThan(5);
        assertThat(python(Stream.concat(Stream.of("-c", check), files.stream()).toArray(String[]::new)))
                .isEqualTo("0 ");
    }

    @Test
    void dagsKnowTheExitCodesOfTheCommands() throws IOException {
        assertThat(Files.readString(FOLDER.resolve("dags/finetune_commands.py")))
                .contains("FUTILE = {" + ExitCode.CONFIG.code() + ": ", ", " + ExitCode.DATA.code() + ": ");
    }

    private static String python(String... arguments) throws IOException, InterruptedException {
        ProcessBuilder process = new ProcessBuilder(Stream.concat(Stream.of("python3", "-B"), Stream.of(arguments))
                        .toList())
                .redirectErrorStream(true);
        Process started = process.start();
        String shown = new String(started.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return started.waitFor() + " " + shown;
    }
}
