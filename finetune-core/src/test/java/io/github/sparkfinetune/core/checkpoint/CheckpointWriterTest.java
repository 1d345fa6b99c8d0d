package io.github.sparkfinetune.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.core.safetensors.TensorData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of two tensors of 3 MiB on a slow file system. */
@Timeout(600)
class CheckpointWriterTest {
    private static final int FLOATS = 3 << 18;
    private static final int SLOW = 100;
    private static final long WHOLE_NANOS = 6L * SLOW * 1_000_000;

    @TempDir
    Path temp;

    private Path local;
    private final ByteBuffer weights = floats();
    private final ByteBuffer moments = floats();

    private static ByteBuffer floats() {
        return ByteBuffer.allocateDirect(FLOATS * Float.BYTES).order(ByteOrder.nativeOrder());
    }

    @BeforeEach
    void makeLocalFolder() throws IOException {
        local = Files.createDirectory(temp.resolve("local"));
    }

    private CheckpointStore store(Configuration hadoop) {
        return CheckpointStore.open(FarFileSystem.path(temp.resolve("checkpoints")), hadoop, "a-0");
    }

    /** Changes every value, as an optimizer step does. */
    private void train(float value) {
        for (ByteBuffer tensor : List.of(weights, moments)) {
            for (int i = 0; i < FLOATS; i++) {
                tensor.putFloat(i * Float.BYTES, value);
            }
        }
    }

    private static List<TensorData> tensor(String name, ByteBuffer bytes) {
        return List.of(TensorData.f32(name, new long[] {FLOATS}, bytes));
    }

    private Checkpoint begin(CheckpointWriter writer, long step) {
        ObjectNode state = new ObjectMapper().createObjectNode().put("step", step);
        return writer.begin(
                step,
                tensor("w", weights),
                OptimizerShare.WHOLE,
                tensor("m", moments),
                state,
                new Retention(5, Set.of(), 0));
    }

    private void assertHolds(CheckpointStore store, Checkpoint checkpoint, float value) {
        assertThat(store.newestSound()).contains(checkpoint);
        try (LoadedCheckpoint read = store.read(checkpoint, temp.resolve("read"))) {
            ByteBuffer m = ByteBuffer.allocate(FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            read.shares().read("m", 0, m);
            for (ByteBuffer tensor : List.of(read.model().buffer("w"), m)) {
                FloatBuffer values = tensor.asFloatBuffer();
                for (int i = 0; i < FLOATS; i++) {
                    if (values.get(i) != value) {
                        throw new AssertionError("value " + i + " is " + values.get(i));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void savesTheValuesOfItsStepWhileTrainingGoesOn(boolean inPlace) throws Exception {
        CheckpointStore store = store(FarFileSystem.slow(SLOW));
        try (CheckpointWriter writer = new CheckpointWriter(store, local, inPlace, 20, () -> {})) {
            for (int step = 1; step <= 2; step++) {
                train(step);
                long before = System.nanoTime();
                Checkpoint begun = begin(writer, step);
                // The next step computes while the checkpoint is written.
                Thread.sleep(2 * SLOW);
                writer.beforeUpdate();
                train(-step);
                assertThat(System.nanoTime() - before).as("stall").isLessThan(WHOLE_NANOS);
                writer.beforeUpdate();
                train(-2 * step);
                writer.await();
                assertHolds(store, begun, step);
            }
        }
        assertThat(local).isEmptyDirectory();
    }

    @Test
    void waitsForTheCheckpointWithoutRoomOnTheLocalDisk() throws Exception {
        CheckpointStore store = store(FarFileSystem.slow(SLOW));
        try (CheckpointWriter writer = new CheckpointWriter(store, temp.resolve("missing"), true, 20, () -> {})) {
            train(1);
            Checkpoint begun = begin(writer, 1);
            writer.beforeUpdate();
            train(2);
            writer.await();
            assertHolds(store, begun, 1);
        }
    }

    @Test
    void failsTrainingIfWritingFails() {
        CheckpointStore store = store(FarFileSystem.full(5 << 19));
        try (CheckpointWriter writer = new CheckpointWriter(store, local, true, 20, () -> {})) {
            begin(writer, 1);
            assertThatThrownBy(writer::await)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("no space left")
                    .hasMessageContaining("model.safetensors");
            assertThatThrownBy(writer::beforeUpdate).isInstanceOf(UncheckedIOException.class);
            assertThatThrownBy(() -> begin(writer, 2)).isInstanceOf(UncheckedIOException.class);
        }
        assertThat(store.newest()).isEmpty();
    }

    @Test
    void waitsALimitedTimeForTheLastCheckpoint() {
        CheckpointStore patient = store(FarFileSystem.slow(SLOW));
        CheckpointWriter writer = new CheckpointWriter(patient, local, true, 20, () -> {});
        train(1);
        Checkpoint begun = begin(writer, 1);
        writer.close();
        assertHolds(patient, begun, 1);

        CheckpointWriter hurried = new CheckpointWriter(store(FarFileSystem.slow(20 * SLOW)), local, true, 0, () -> {});
        begin(hurried, 2);
        hurried.close();
        train(2);
        assertThat(patient.newest()).contains(begun);
        assertThat(local).isEmptyDirectory();
    }

    @Test
    void doesNotWaitWhenInterrupted() {
        CheckpointStore store = store(FarFileSystem.slow(20 * SLOW));
        CheckpointWriter writer = new CheckpointWriter(store, local, true, 20, () -> {});
        begin(writer, 1);
        Thread.currentThread().interrupt();
        long before = System.nanoTime();
        assertThatCode(writer::close).doesNotThrowAnyException();
        assertThat(System.nanoTime() - before).isLessThan(10 * WHOLE_NANOS);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(store.newest()).isEmpty();
    }
}
