package io.github.sparkfinetune.spark.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunListenersTest {
    @TempDir
    private Path dir;

    @BeforeEach
    void clear() {
        RecordingListener.EVENTS.clear();
    }

    private RunListeners open(String reportTo, boolean measures) {
        return RunListeners.open(new CommandOnRun(
                Runs.in(dir, "training.report_to=[" + reportTo + "]"),
                new Configuration(),
                Map.of(),
                Map.of(),
                measures,
                List.of(),
                line -> {}));
    }

    @Test
    void aListenerGetsStepsAndTheEnd() throws IOException {
        try (RunListeners listeners = open("tensorboard", true)) {
            listeners.step(Step.TRAIN, result -> Map.of("train", Map.of("steps", result)), () -> 3.0);
            listeners.finished(List.of("run.yaml"));
        }

        assertThat(RecordingListener.EVENTS)
                .containsExactly("began train", "finished train {train={steps=3.0}}", "FINISHED [run.yaml]");
    }

    @Test
    void aCommandThatIsClosedWithoutAnEndHasFailed() {
        assertThatThrownBy(() -> {
                    try (RunListeners listeners = open("tensorboard", true)) {
                        listeners.step(Step.PREPARE, result -> Map.of(), () -> {
                            throw new IOException("the disk is full");
                        });
                    }
                })
                .hasMessage("the disk is full");

        assertThat(RecordingListener.EVENTS)
                .containsExactly("began prepare", "failed prepare the disk is full", "FAILED []");
    }

    @Test
    void aConfiguredListenerThatTheBuildLacksIsRefusedByName() {
        assertThatThrownBy(() -> open("mlflow", true))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIG))
                .hasMessageStartingWith("training.report_to: mlflow is a part that this build lacks");
        open("mlflow", false).close();
    }
}
