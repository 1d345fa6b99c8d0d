package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointFiles;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.CheckpointWriter;
import io.github.sparkfinetune.core.checkpoint.FarFileSystem;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.checkpoint.NeededState;
import io.github.sparkfinetune.core.checkpoint.OptimizerShare;
import io.github.sparkfinetune.core.checkpoint.Retention;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.Tensors;
import io.github.sparkfinetune.data.files.RangedRead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint of three ranks on a file system that counts the bytes that each rank reads. */
@Timeout(600)
class SoundCheckpointTest {
    private static final int SHARES = 3;
    private static final int VALUES = 3 << 20;
    private static final String MODEL = "model.safetensors";

    @TempDir
    Path temp;

    private Checkpoint written;

    private CheckpointStore store(Configuration hadoop) {
        return CheckpointStore.open(FarFileSystem.path(temp.resolve("checkpoints")), hadoop, "a-0");
    }

    private static String share(int index) {
        return "optimizer-%05d-of-%05d.safetensors".formatted(index + 1, SHARES);
    }

    @BeforeEach
    void write() {
        written = write(50);
    }

    private Checkpoint write(long step) {
        List<TensorData> model = List.of(Tensors.vector("w", new float[VALUES]));
        for (int index = 0; index < SHARES; index++) {
            OptimizerShare share = new OptimizerShare(index, SHARES);
            float[] values = new float[VALUES / SHARES];
            for (int i = 0; i < values.length; i++) {
                values[i] = index * values.length + i;
            }
            int from = index * values.length;
            List<TensorData> moments =
                    List.of(Tensors.vector(new TensorRange("m", from, from + values.length).name(), values));
            try (CheckpointWriter writer =
                    new CheckpointWriter(store(FarFileSystem.configuration()), temp, true, 20, () -> {})) {
                if (index == 0) {
                    writer.begin(
                            step,
                            model,
                            share,
                            moments,
                            JsonNodeFactory.instance.objectNode(),
                            new Retention(5, Set.of(), 0));
                } else {
                    writer.beginShare(step, share, moments);
                }
                writer.await();
            }
        }
        return store(FarFileSystem.configuration()).newest().orElseThrow();
    }

    /** Returns a reader name unique to this test, because the counts belong to the process. */
    private String reader(int rank) {
        return temp + "-" + rank;
    }

    private Optional<CheckpointFiles> find(Collective exchange, Checkpoint newest) {
        Configuration hadoop = FarFileSystem.counting(reader(exchange.rank()));
        RankContext rank = new RankContext(exchange, -1, 1, hadoop, temp, "a-1", record -> {}, () -> StopRequest.NONE);
        return new SoundCheckpoint(store(hadoop), rank).find(newest);
    }

    private long size(String file) throws IOException {
        return Files.size(temp.resolve("checkpoints").resolve(written.name()).resolve(file));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void checksEachByteOnOneRank(int count) throws Exception {
        try (Ranks ranks = Ranks.join(count)) {
            assertThat(ranks.play(exchange -> find(exchange, written)))
                    .hasSize(count)
                    .allSatisfy(found ->
                            assertThat(found.orElseThrow().checkpoint()).isEqualTo(written));
        }
        long[] byRank = new long[count];
        long total = 0;
        for (String file : List.of(MODEL, share(0), share(1), share(2), "state.json")) {
            long ofFile = 0;
            for (int rank = 0; rank < count; rank++) {
                long read = FarFileSystem.takeRead(reader(rank), file);
                ofFile += read;
                byRank[rank] += read;
            }
            assertThat(ofFile).as(file).isEqualTo(size(file));
            total += ofFile;
        }
        // Parts are not split between ranks.
        long most = total / count + 2 * RangedRead.REQUEST;
        assertThat(Arrays.stream(byRank).boxed()).allMatch(read -> read > 0 && read <= most);
    }

    @ParameterizedTest
    @ValueSource(strings = {MODEL, "optimizer-00002-of-00003.safetensors", "state.json"})
    void skipsADamagedCheckpointOnAllRanks(String file) throws Exception {
        Checkpoint newer = write(100);
        Path victim = temp.resolve("checkpoints").resolve(newer.name()).resolve(file);
        byte[] bytes = Files.readAllBytes(victim);
        bytes[bytes.length / 2] ^= 1;
        Files.write(victim, bytes);
        try (Ranks ranks = Ranks.join(2)) {
            assertThat(ranks.play(exchange -> find(exchange, newer)))
                    .allSatisfy(found ->
                            assertThat(found.orElseThrow().checkpoint()).isEqualTo(written));
            assertThat(ranks.play(exchange -> find(exchange, written)))
                    .allSatisfy(found ->
                            assertThat(found.orElseThrow().checkpoint()).isEqualTo(written));
        }
    }

    @Test
    void resumesFromNothingIfAllCheckpointsAreDamaged() throws Exception {
        Files.write(temp.resolve("checkpoints").resolve(written.name()).resolve("state.json"), new byte[] {'{', ' '});
        try (Ranks ranks = Ranks.join(2)) {
            assertThat(ranks.play(exchange -> find(exchange, written))).containsOnly(Optional.empty());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void readsOnlyTheNeededState(int ranks) throws Exception {
        CheckpointFiles files = store(FarFileSystem.configuration()).files(written);
        long read = 0;
        for (int rank = 0; rank < ranks; rank++) {
            int from = VALUES / ranks * rank;
            int to = rank == ranks - 1 ? VALUES : VALUES / ranks * (rank + 1);
            String needed = new TensorRange("m", from, to).name();
            NeededState state = new NeededState(Map.of(needed, (long) to - from), new OptimizerShare(rank, ranks));
            Path local = Files.createDirectory(temp.resolve("local-" + rank));
            try (LoadedCheckpoint loaded =
                    store(FarFileSystem.counting(reader(0))).read(files, state, local, () -> {})) {
                ByteBuffer values =
                        ByteBuffer.allocate((to - from) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                loaded.shares().read(needed, 0, values);
                for (int i = from; i < to; i++) {
                    assertThat(values.getFloat()).isEqualTo(i);
                }
            }
            assertThat(local).isEmptyDirectory();
            assertThat(FarFileSystem.takeRead(reader(0), MODEL)).isEqualTo(size(MODEL));
            long mine = 0;
            for (int share = 0; share < SHARES; share++) {
                long ofShare = FarFileSystem.takeRead(reader(0), share(share));
                assertThat(ofShare > 0 || ranks > 1).isTrue();
                assertThat(ranks == SHARES && share != rank ? ofShare : 0).isZero();
                mine += ofShare;
            }
            assertThat(mine).isBetween((to - from) * 4L, (to - from) * 4L + 3 * 1000);
            read += mine;
        }
        assertThat(read).isLessThan(VALUES * 4L + ranks * 3000L);
    }

    @Test
    void readsOnlyTheModelIfNoStateIsNeeded() throws Exception {
        CheckpointFiles files = store(FarFileSystem.configuration()).files(written);
        try (LoadedCheckpoint loaded = store(FarFileSystem.counting(reader(0)))
                .read(files, new NeededState(Map.of(), OptimizerShare.WHOLE), temp.resolve("local"), () -> {})) {
            assertThat(loaded.model().names()).containsExactly("w");
        }
        for (int share = 0; share < SHARES; share++) {
            assertThat(FarFileSystem.takeRead(reader(0), share(share))).isZero();
        }
    }
}
