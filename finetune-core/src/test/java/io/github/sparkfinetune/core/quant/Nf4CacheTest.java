package io.github.sparkfinetune.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Nf4CacheTest {
    private static final int ROWS = 120;
    private static final int COLUMNS = 70;
    private static final Map<String, Boolean> LINEARS = Map.of("a", false, "b", true);

    @TempDir
    private Path folder;

    private SafetensorsFile weights(long seed) throws IOException {
        return Weights.file(folder, matrix("a", seed), matrix("b", seed + 1));
    }

    private static TensorData matrix(String name, long seed) {
        float[] values = Weights.normal(ROWS * COLUMNS, seed);
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return TensorData.of(name, TensorType.F32, new long[] {ROWS, COLUMNS}, bytes);
    }

    private Map<String, Nf4Tensor> tensors(SafetensorsFile weights, boolean doubleQuant) {
        return new Nf4Cache(folder, weights, LINEARS, doubleQuant, 2).tensors();
    }

    private Path file(boolean doubleQuant) {
        return folder.resolve(doubleQuant ? "model.double-quant.nf4" : "model.nf4");
    }

    private static void assertOf(SafetensorsFile weights, boolean doubleQuant, Map<String, Nf4Tensor> tensors) {
        assertThat(tensors).containsOnlyKeys("a", "b");
        assertEqual(tensors.get("a"), Nf4.quantize(weights, "a", doubleQuant, 1));
        assertEqual(tensors.get("b"), Nf4.quantizeTransposed(weights, "b", doubleQuant, 1));
    }

    private static void assertEqual(Nf4Tensor actual, Nf4Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.isTransposed()).isEqualTo(expected.isTransposed());
        assertThat(actual.packed()).isEqualTo(expected.packed());
        assertThat(Weights.absmax(actual)).isEqualTo(Weights.absmax(expected));
        assertThat(Weights.widened(actual, 1)).isEqualTo(Weights.widened(expected, 1));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void writesCodesOnceAndMapsThemLater(boolean doubleQuant) throws IOException {
        try (SafetensorsFile weights = weights(1)) {
            assertOf(weights, doubleQuant, tensors(weights, doubleQuant));
            FileTime old = FileTime.from(Instant.EPOCH);
            Files.setLastModifiedTime(file(doubleQuant), old);
            assertOf(weights, doubleQuant, tensors(weights, doubleQuant));
            assertThat(Files.getLastModifiedTime(file(doubleQuant)))
                    .as("not written again")
                    .isEqualTo(old);
        }
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void replacesCodesOfOtherWeights() throws IOException {
        try (SafetensorsFile weights = weights(1)) {
            tensors(weights, true);
        }
        try (SafetensorsFile weights = weights(3)) {
            assertOf(weights, true, tensors(weights, true));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 20, 9000})
    void refusesATruncatedFileInOneLine(int length) throws IOException {
        try (SafetensorsFile weights = weights(1)) {
            tensors(weights, false);
            try (FileChannel channel = FileChannel.open(file(false), StandardOpenOption.WRITE)) {
                channel.truncate(length);
            }
            assertThatThrownBy(() -> tensors(weights, false))
                    .isInstanceOf(RunException.class)
                    .hasMessage(file(false)
                            + " is damaged or incomplete: delete the file, it is made again from the weights");
        }
    }

    @Test
    void replacesAPartialFileOfAKilledProcess() throws IOException {
        Files.write(folder.resolve("model.nf4.part"), new byte[100_000]);
        try (SafetensorsFile weights = weights(1)) {
            assertOf(weights, false, tensors(weights, false));
        }
    }

    @Test
    void quantisesOnceForAllRanksOfAProcess() throws Exception {
        ExecutorService ranks = Executors.newFixedThreadPool(4);
        try (SafetensorsFile weights = weights(1)) {
            List<Future<Map<String, Nf4Tensor>>> all =
                    ranks.invokeAll(Collections.nCopies(4, () -> tensors(weights, true)), 1, TimeUnit.MINUTES);
            for (Future<Map<String, Nf4Tensor>> one : all) {
                assertOf(weights, true, one.get());
            }
        } finally {
            ranks.shutdownNow();
        }
    }

    @Test
    void skipsAReadOnlyFolder() throws IOException {
        Path readOnly = Files.createDirectory(folder.resolve("read-only"));
        try (SafetensorsFile weights = weights(1)) {
            Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("r-xr-xr-x"));
            Path target = Files.isWritable(readOnly) ? Path.of("/proc") : readOnly;
            assertThat(new Nf4Cache(target, weights, LINEARS, true, 1).tensors())
                    .isEmpty();
        }
    }
}
