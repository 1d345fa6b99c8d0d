package io.github.sparkfinetune.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
class CheckpointStoreTest {
    @TempDir
    Path temp;

    private final Configuration remote = FarFileSystem.configuration();

    private CheckpointStore store(String attempt) {
        return CheckpointStore.open(FarFileSystem.path(temp.resolve("checkpoints")), remote, attempt);
    }

    private static ObjectNode state(long cursor) {
        return new ObjectMapper().createObjectNode().put("cursor", cursor).put("loss", 0.1);
    }

    private static Checkpoint commit(CheckpointStore store, long step) {
        return store.commit(
                step,
                OptimizerShare.WHOLE,
                content(Tensors.vector("w", (float) step, 2)),
                content(Tensors.vector("m", 3, 4)),
                state(step));
    }

    private static CheckpointOutput.Content content(TensorData tensor) {
        return out -> SafetensorsWriter.write(out, List.of(tensor), SafetensorsWriter.PT);
    }

    private Path folder(Checkpoint checkpoint) {
        return temp.resolve("checkpoints").resolve(checkpoint.name());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(temp.resolve("checkpoints"))) {
            return folders.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void readsACommittedCheckpointAndDeletesItsCopy() throws IOException {
        CheckpointStore store = store("a-0");
        assertThat(store.newest()).isEmpty();
        Checkpoint written = commit(store, 50);
        assertThat(written.name()).isEqualTo("step-00000050-a-0");
        assertThat(Checkpoint.ofName(written.name())).contains(written);
        assertThatThrownBy(() -> commit(store, 50)).isInstanceOf(IllegalStateException.class);

        Path local = temp.resolve("local");
        try (LoadedCheckpoint read = store.read(written, local)) {
            assertThat(read.state()).hasToString(state(50).toString());
            assertThat(read.model().buffer("w").getFloat(0)).isEqualTo(50f);
            assertThat(read.shares().names()).containsExactly("m");
            assertThat(local).isNotEmptyDirectory();
        }
        assertThat(local).isEmptyDirectory();
    }

    @Test
    void readsALocalCheckpointInPlace() {
        org.apache.hadoop.fs.Path folder =
                new org.apache.hadoop.fs.Path(temp.resolve("here").toUri());
        CheckpointStore store = CheckpointStore.open(folder, new Configuration(false), "a-0");
        Checkpoint written = commit(store, 1);
        Path local = temp.resolve("local");
        try (LoadedCheckpoint read = store.read(written, local)) {
            assertThat(read.model().buffer("w").getFloat(4)).isEqualTo(2f);
        }
        assertThat(local).doesNotExist();
        assertThat(temp.resolve("here").resolve(written.name()))
                .isDirectoryNotContaining("glob:**.crc")
                .isDirectoryContaining("glob:**/COMMITTED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "state.json", "COMMITTED"})
    void skipsATruncatedCheckpoint(String file) throws IOException {
        CheckpointStore store = store("a-0");
        Checkpoint whole = commit(store, 50);
        Checkpoint damaged = commit(store, 100);
        Path victim = folder(damaged).resolve(file);
        for (long size = Files.size(victim) - 2; size >= 0; size = size / 2 - 1) {
            try (FileChannel channel = FileChannel.open(victim, StandardOpenOption.WRITE)) {
                channel.truncate(size);
            }
            assertThat(store.newest()).contains(whole);
        }
        Files.delete(victim);
        assertThat(store.newest()).contains(whole);
        assertThatThrownBy(() -> store.read(damaged, temp))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(damaged.name());
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "state.json"})
    void skipsACorruptCheckpointAndNeverPrunesASoundOneForIt(String file) throws IOException {
        CheckpointStore store = store("a-0");
        Checkpoint sound = commit(store, 50);
        Checkpoint damaged = commit(store, 100);
        Path victim = folder(damaged).resolve(file);
        byte[] bytes = Files.readAllBytes(victim);
        bytes[bytes.length / 2] ^= 1;
        Files.write(victim, bytes);
        assertThat(store.newest()).contains(damaged);
        assertThat(store.newestSound()).contains(sound);

        CheckpointStore next = store("a-1");
        Checkpoint resumed = commit(next, 75);
        next.prune(new Retention(1, Set.of(), 0));
        assertThat(next.newestSound()).contains(resumed);
        Checkpoint again = commit(next, 125);
        next.prune(new Retention(1, Set.of(), 0));
        assertThat(names()).containsExactly(again.name());
    }

    @Test
    void commitsASharedCheckpointOnceAllRanksHaveWritten() throws IOException {
        Checkpoint before = commit(store("a-0"), 50);
        List<Integer> order = List.of(2, 0, 1);
        for (int written = 0; written < order.size(); written++) {
            assertThat(store("reader").newest()).contains(before);
            OptimizerShare share = new OptimizerShare(order.get(written), order.size());
            int first = 2 * share.index();
            CheckpointOutput.Content moments =
                    content(Tensors.vector("m[" + first + ":" + (first + 2) + "]", first, first + 1));
            if (share.index() == 0) {
                store("a-0").commit(100, share, content(Tensors.vector("w", 100)), moments, state(100));
                // An incomplete checkpoint is neither counted nor deleted.
                store("a-0").prune(new Retention(1, Set.of(), 0));
            } else {
                store("a-0").commitShare(100, share, moments);
            }
        }
        Checkpoint whole = store("reader").newest().orElseThrow();
        assertThat(whole.step()).isEqualTo(100);
        assertThat(store("reader").newestSound()).contains(whole);
        try (LoadedCheckpoint read = store("reader").read(whole, temp.resolve("local"))) {
            assertThat(read.shares().names()).containsExactly("m");
            for (int[] range : new int[][] {{0, 6}, {1, 4}, {2, 4}, {5, 6}}) {
                ByteBuffer values =
                        ByteBuffer.allocate((range[1] - range[0]) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                read.shares().read(new TensorRange("m", range[0], range[1]).name(), 0, values);
                for (int i = range[0]; i < range[1]; i++) {
                    assertThat(values.getFloat()).isEqualTo(i);
                }
            }
            ByteBuffer more = ByteBuffer.allocate(7 * Float.BYTES);
            assertThatThrownBy(() -> read.shares().read("m", 0, more))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("does not hold m once and completely");
        }
        for (String name : List.of("COMMITTED-00003-of-00003", "optimizer-00002-of-00003.safetensors")) {
            Path victim = folder(whole).resolve(name);
            byte[] bytes = Files.readAllBytes(victim);
            Files.delete(victim);
            assertThat(store("reader").newest()).contains(before);
            Files.write(victim, bytes);
        }
        Path victim = folder(whole).resolve("optimizer-00002-of-00003.safetensors");
        byte[] bytes = Files.readAllBytes(victim);
        bytes[bytes.length - 1] ^= 1;
        Files.write(victim, bytes);
        assertThat(store("reader").newest()).contains(whole);
        assertThat(store("reader").newestSound()).contains(before);
    }

    @Test
    void keepsCheckpointsThatCannotBeDeleted() throws IOException {
        CheckpointStore store =
                CheckpointStore.open(FarFileSystem.path(temp.resolve("checkpoints")), FarFileSystem.keeping(), "a-0");
        commit(store, 50);
        Checkpoint newest = commit(store, 100);
        store.prune(new Retention(1, Set.of(), 0));
        assertThat(store.newest()).contains(newest);
        assertThat(names()).hasSize(2);
    }

    @Test
    void namesThePathAndCommitsNothingOnAFullFileSystem() {
        Checkpoint whole = commit(store("a-0"), 50);
        for (int room = 0; room < 400; room += 7) {
            CheckpointStore full = CheckpointStore.open(
                    FarFileSystem.path(temp.resolve("checkpoints")), FarFileSystem.full(room), "b-" + room);
            try {
                commit(full, 100);
                assertThat(room).isGreaterThan(100);
            } catch (UncheckedIOException e) {
                assertThat(e).hasMessageContaining("step-00000100-b-" + room).hasMessageContaining("no space left");
                assertThat(store("c-0").committed()).containsExactly(whole);
                continue;
            }
            return;
        }
        throw new AssertionError("400 bytes a file were not enough");
    }

    @Test
    void keepsTheNewestProtectedAndFinalCheckpointsWhenPruning() throws IOException {
        CheckpointStore store = store("a-0");
        for (long step = 10; step <= 60; step += 10) {
            Checkpoint checkpoint = commit(store, step);
            if (step == 20) {
                store.markFinal(checkpoint);
            }
        }
        store.prune(new Retention(2, Set.of(30L), 0));
        assertThat(store.committed().stream().map(Checkpoint::step)).containsExactly(60L, 50L, 30L, 20L);
        assertThat(names()).hasSize(4);
        assertThat(store.finalCheckpoint().map(Checkpoint::step)).contains(20L);
    }

    @Test
    void keepsSpacedCheckpointsHoweverOftenItPrunes() throws IOException {
        CheckpointStore store = store("a-0");
        for (long step = 4; step <= 100; step += 4) {
            commit(store, step);
            store.prune(new Retention(2, Set.of(), 10));
        }
        assertThat(store.committed().stream().map(Checkpoint::step))
                .containsExactly(100L, 96L, 92L, 88L, 80L, 72L, 60L, 52L, 40L, 32L, 20L, 12L);
    }

    @Test
    void deletesTheCheckpointsAfterAStep() throws IOException {
        CheckpointStore store = store("a-0");
        for (long step = 10; step <= 40; step += 10) {
            commit(store, step);
        }
        store.markFinal(store.committed().get(0));
        Files.createDirectories(temp.resolve("checkpoints/step-00000050-a-0"));
        CheckpointStore eraser = store("eraser");
        assertThat(eraser.deleteAfter(20).stream().map(Checkpoint::step)).containsExactly(40L, 30L);
        assertThat(names()).hasSize(2);
        assertThat(eraser.finalCheckpoint()).isEmpty();
        assertThat(eraser.deleteAfter(20)).isEmpty();
        assertThat(eraser.deleteAfter(-1)).hasSize(2);
        assertThat(names()).isEmpty();
    }

    @Test
    void isolatesAttemptsThatRunAtTheSameTime() throws IOException {
        CheckpointStore zombie = store("run-0");
        commit(zombie, 50);
        Path halfWritten = Files.createDirectories(temp.resolve("checkpoints/step-00000040-run-0"));
        Files.write(halfWritten.resolve("model.safetensors"), new byte[10]);

        CheckpointStore next = store("run-1");
        assertThat(next.newest().map(Checkpoint::attempt)).contains("run-0");
        commit(next, 60);
        commit(zombie, 60);
        commit(zombie, 70);
        Checkpoint best = commit(next, 65);
        assertThat(names())
                .contains("step-00000060-run-0", "step-00000060-run-1")
                .contains("step-00000040-run-0");

        // No attempt deletes newer checkpoints of the other; the later attempt removes unfinished ones that it found.
        zombie.prune(new Retention(1, Set.of(), 0));
        assertThat(next.committed()).contains(best, new Checkpoint(60, "run-1"));
        next.prune(new Retention(1, Set.of(), 0));
        assertThat(names()).containsExactly("step-00000065-run-1", "step-00000070-run-0");
        try (LoadedCheckpoint read = next.read(best, temp.resolve("local"))) {
            assertThat(read.model().buffer("w").getFloat(0)).isEqualTo(65f);
        }
    }

    @Test
    void leavesOnlyWholeCheckpointsOfInterleavedWriters() throws Exception {
        Thread[] writers = new Thread[4];
        List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
        for (int i = 0; i < writers.length; i++) {
            CheckpointStore store = store("run-" + i);
            writers[i] = new Thread(() -> {
                for (long step = 1; step <= 20; step++) {
                    commit(store, step);
                    store.prune(new Retention(2, Set.of(7L), 0));
                }
            });
            writers[i].setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
            writers[i].start();
        }
        for (Thread writer : writers) {
            writer.join(50_000);
            assertThat(writer.isAlive()).isFalse();
        }
        assertThat(failures).isEmpty();
        CheckpointStore reader = store("reader");
        assertThat(reader.committed()).hasSize(3 * writers.length).hasSize(names().size());
        for (Checkpoint checkpoint : reader.committed()) {
            try (LoadedCheckpoint read = reader.read(checkpoint, temp.resolve("local"))) {
                assertThat(read.state()).hasToString(state(checkpoint.step()).toString());
                assertThat(read.model().buffer("w").getFloat(0)).isEqualTo((float) checkpoint.step());
            }
        }
    }

    @Test
    void leavesFoldersOfOtherNames() throws IOException {
        Files.createDirectories(temp.resolve("checkpoints/step-5-a"));
        Files.createDirectories(temp.resolve("checkpoints/other"));
        CheckpointStore store = store("a-0");
        commit(store, 9);
        store.prune(new Retention(1, Set.of(), 0));
        assertThat(names()).containsExactly("other", "step-00000009-a-0", "step-5-a");
    }
}
