package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Parses arbitrary YAML: the result is a run that can be written and read again, or a one-line error. */
class RunYamlFuzzTest {

    static List<byte[]> recipes() throws IOException {
        List<byte[]> recipes = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("recipes"))) {
            for (Path file : files.sorted().toList()) {
                recipes.add(Files.readAllBytes(file));
            }
        }
        return recipes;
    }

    @MethodSource("recipes")
    @FuzzTest(maxDuration = "")
    void parsesToRunsOrFailsWithOneLine(byte[] yaml) {
        List<Stage> stages;
        try {
            stages = RunConfigLoader.parseStages(new String(yaml, StandardCharsets.UTF_8), "run.yaml", List.of());
        } catch (RunException e) {
            assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIG);
            assertThat(e.getMessage()).startsWith("run.yaml").doesNotContain("\n");
            return;
        }
        for (Stage stage : stages) {
            String written = RunConfigLoader.toYaml(stage.config());
            assertThat(RunConfigLoader.parse(written, "written.yaml", List.of()))
                    .isEqualTo(stage.config());
        }
    }
}
