package io.github.sparkfinetune.extra.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.files.GrowingFile;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.extra.tracking.Events.Event;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListeners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardTrackerTest {
    @TempDir
    private Path dir;

    private final List<String> printed = new ArrayList<>();

    private RunListeners start(TrainingRecord... earlier) {
        RunConfig run = Runs.in(dir, "training.report_to=[tensorboard]");
        return RunListeners.open(
                new CommandOnRun(run, new Configuration(), Map.of(), Map.of(), true, List.of(earlier), printed::add));
    }

    static TrainingRecord step(long step, double loss) {
        return new TrainingRecord(step, 9, step / 9.0, loss, 1e-4, 2.0, 25.0, 3200.0, null, null, null);
    }

    static TrainingRecord eval(long step, double loss) {
        return TrainingRecord.evaluation(step, 9, step / 9.0, Map.of("loss", loss));
    }

    private List<Event> events(String tag) throws IOException {
        return Events.of(dir.resolve("run/tensorboard")).stream()
                .filter(event -> event.tag().equals(tag))
                .toList();
    }

    /** The expected bytes were written by TensorFlow's classes in tensorboard 2.21 of PyPI for the same events. */
    @Test
    void writesTheBytesOfTensorBoardsWriter() throws IOException {
        Path file = dir.resolve("events");
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(file.toString());
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("train/loss", 0.5);
        values.put("train/grad_norm", Double.POSITIVE_INFINITY);
        GrowingFile growing = new GrowingFile(HadoopFiles.fileSystem(path, new Configuration()), path);
        try (EventFile events = new EventFile(growing, 1700000000.25)) {
            events.startAt(300, 1700000000.25);
            events.add(300, 1700000000.25, values);
        }

        assertThat(HexFormat.of().formatHex(Files.readAllBytes(file)))
                .isEqualTo("1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9"
                        + "100000000000000095fbfe180900001040fc54d94110ac023a0208016b3b88f1"
                        + "39000000000000008b0737f10900001040fc54d94110ac022a2b0a110a0a747261696e2f6c6f7373150000003f"
                        + "0a160a0f747261696e2f677261645f6e6f726d150000807f37b1951c");
    }

    @Test
    void usesTheTagsOfTransformers() throws IOException {
        try (RunListeners listeners = start()) {
            listeners.add(step(1, 0.5));
            assertThat(events("train/loss")).as("is there at once").containsExactly(new Event(1, "train/loss", 0.5f));
            listeners.add(eval(1, 0.25));
            listeners.add(new TrainingResult(1, 16, 100, 2, 8, 50, 1, Map.of(), 1, List.of(), null));
            listeners.add("test", 1, Map.of("accuracy", 0.75));
            listeners.finished(List.of());
        }

        assertThat(events("eval/loss")).containsExactly(new Event(1, "eval/loss", 0.25f));
        assertThat(events("train/learning_rate")).containsExactly(new Event(1, "train/learning_rate", 1e-4f));
        assertThat(events("train/tokens_per_second")).containsExactly(new Event(1, "train/tokens_per_second", 3200));
        assertThat(events("train/train_runtime")).containsExactly(new Event(1, "train/train_runtime", 2));
        assertThat(events("test/accuracy")).containsExactly(new Event(1, "test/accuracy", 0.75f));
        assertThat(printed).isEmpty();
    }

    @Test
    void replacesTheStepsAfterTheCheckpointInAResumedRun() throws IOException {
        RunListeners killed = start();
        for (int step = 1; step <= 5; step++) {
            killed.add(step(step, step));
        }
        try (RunListeners resumed = start()) {
            resumed.add(step(4, 40));
            resumed.add(step(5, 50));
            resumed.finished(List.of());
        }
        try (RunListeners evaluated = start()) {
            evaluated.add("test", 5, Map.of("loss", 0.125));
            evaluated.finished(List.of());
        }

        assertThat(dir.resolve("run/tensorboard").toFile().list()).hasSize(3);
        assertThat(events("train/loss")).extracting(Event::step).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(events("train/loss")).extracting(Event::value).containsExactly(1f, 2f, 3f, 40f, 50f);
        assertThat(events("test/loss")).containsExactly(new Event(5, "test/loss", 0.125f));
    }

    @Test
    void keepsAStepWhoseEvaluationIsRepeated() throws IOException {
        RunListeners killed = start();
        killed.add(step(3, 3));
        killed.add(step(4, 4));
        killed.add(step(5, 5));
        try (RunListeners resumed = start(step(3, 3), step(4, 4), step(5, 5))) {
            resumed.add(eval(4, 0.25));
            resumed.add(step(5, 50));
            resumed.finished(List.of());
        }

        assertThat(events("train/loss")).extracting(Event::value).containsExactly(3f, 4f, 50f);
        assertThat(events("eval/loss")).containsExactly(new Event(4, "eval/loss", 0.25f));
    }

    @Test
    void reportsAnUnwritableFolderOnce() throws IOException {
        Files.createDirectories(dir.resolve("run"));
        Files.writeString(dir.resolve("run/tensorboard"), "a file");

        try (RunListeners listeners = start()) {
            listeners.add(step(1, 0.5));
            listeners.add(step(2, 0.5));
            listeners.finished(List.of());
        }

        assertThat(printed)
                .singleElement()
                .asString()
                .startsWith("warning   TensorBoard's events cannot be written to " + dir + "/run/tensorboard (");
    }
}
