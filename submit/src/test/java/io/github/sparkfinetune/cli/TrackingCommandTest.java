package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TrackingCommandTest extends CommandLineOverFakeJobs {
    private static final String TENSORBOARD = "training.report_to=[tensorboard]";

    private int tracked(String command, String reportTo) {
        return finetune(command, "--config", recipe(), "--set", "output.dir=" + dir, "--set", reportTo);
    }

    private List<String> events() throws IOException {
        List<String> events = new ArrayList<>();
        try (Stream<Path> files = Files.list(dir.resolve("tensorboard"))) {
            for (Path file : files.sorted().toList()) {
                events.add(Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        return events;
    }

    @Test
    void tracksARunFromTheFirstStepToTheTest() throws IOException {
        assertThat(tracked("run", TENSORBOARD)).isZero();

        assertThat(calls).containsExactly("open", "check", "prepare", "train", "evaluate", "close");
        assertThat(events())
                .singleElement()
                .asString()
                .contains("train/loss", "train/learning_rate", "train/train_runtime", "test/accuracy");
    }

    @Test
    void checksTheFolderBeforeATrackerWrites() throws IOException {
        assertThat(tracked("train", TENSORBOARD)).isZero();
        assertThat(calls).containsExactly("open", "check", "train", "close");
        assertThat(tracked("evaluate", TENSORBOARD)).isZero();

        assertThat(events()).hasSize(2);
        assertThat(events().get(0)).contains("train/loss").doesNotContain("test/");
        assertThat(events().get(1)).contains("test/accuracy").doesNotContain("train/");
    }

    @Test
    void tracksNothingInAFolderWithoutARun() {
        assertThat(tracked("evaluate", TENSORBOARD)).isZero();
        assertThat(dir.resolve("tensorboard")).doesNotExist();
    }

    @Test
    void failsBeforeAnyWorkWithoutATrackingServer() {
        assertThat(tracked("run", "training.report_to=[mlflow]")).isEqualTo(2);

        assertThat(calls).containsExactly("open", "check", "close");
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: training.report_to has mlflow, but the environment has no"
                        + " MLFLOW_TRACKING_URI: set it to a tracking server, such as http://host:5000\n");
    }

    @Test
    void reportsAFailedTrainingAndNotTheTracker() {
        failure = RunException.data("part-3.parquet is cut off");

        assertThat(tracked("train", TENSORBOARD)).isEqualTo(3);
        assertThat(err.toString()).isEqualToNormalizingNewlines("error: part-3.parquet is cut off\n");
    }
}
