package io.github.sparkfinetune.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads and writes files on a real S3 server, with and without faults. */
@Timeout(600)
class S3FilesTest {
    private static final int MB = 1 << 20;

    private static FaultyS3 s3;
    private static FileSystem files;

    @TempDir
    private java.nio.file.Path local;

    @BeforeAll
    static void start() throws Exception {
        s3 = FaultyS3.start();
        s3.bucket("files");
        Configuration hadoop = new Configuration();
        s3.settings().forEach(hadoop::set);
        // A stream that S3A opens again has only the attempts of the AWS SDK.
        hadoop.set("fs.s3a.attempts.maximum", "3");
        hadoop.set("fs.s3a.retry.limit", "3");
        hadoop.set("fs.s3a.retry.interval", "50ms");
        hadoop.set("fs.s3a.retry.throttle.limit", "3");
        hadoop.set("fs.s3a.retry.throttle.interval", "50ms");
        files = HadoopFiles.fileSystem(new Path("s3a://files/"), hadoop);
    }

    @AfterAll
    static void stop() throws IOException {
        files.close();
        s3.close();
    }

    @AfterEach
    void recover() {
        s3.recover();
    }

    private static String text(Path file) throws IOException {
        return HadoopFiles.readText(files, file);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void failedWriteLeavesNoPartialFile(boolean heap) throws IOException {
        Path file = new Path("s3a://files/half-" + heap + ".json");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> HadoopFiles.write(files, file, out -> {
                        out.write("{\"whole\": ".getBytes(StandardCharsets.UTF_8));
                        if (heap) {
                            throw new OutOfMemoryError("of the disk that it is read from");
                        }
                        throw new IOException("the disk that it is read from is gone");
                    }))
                    .isInstanceOf(heap ? OutOfMemoryError.class : UncheckedIOException.class)
                    .hasMessageContaining("the disk");
            assertThat(files.exists(file)).isEqualTo(i == 1);
            HadoopFiles.writeWhole(files, file, "{}".getBytes(StandardCharsets.UTF_8));
            assertThat(text(file)).isEqualTo("{}");
        }
        assertThat(s3.requests()).noneMatch(request -> request.startsWith("DELETE") || request.contains("copy"));
    }

    @Test
    void discardOnlyWarnsIfAFileCannotBeDeleted() throws IOException {
        Path file = new Path("s3a://files/kept");
        HadoopFiles.writeWhole(files, file, new byte[] {1});
        s3.inject(FaultyS3.Fault.DENIED, 1, (method, target) -> method.equals("DELETE") || target.contains("?delete"));
        assertThatCode(() -> HadoopFiles.discard(files, file)).doesNotThrowAnyException();
        assertThatThrownBy(() -> HadoopFiles.delete(files, file))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot be deleted")
                .satisfies(
                        denied -> assertThat(HadoopFiles.isUnavailable(denied)).isFalse());
        assertThat(files.exists(file)).isTrue();
    }

    @Test
    void copiesALargeFileInRangesDespiteFaults() throws IOException {
        byte[] bytes = new byte[41 * MB + 7];
        new Random(1).nextBytes(bytes);
        Path file = new Path("s3a://files/model.safetensors");
        HadoopFiles.write(files, file, out -> out.write(bytes));
        s3.recover();
        s3.inject(FaultyS3.Fault.CUT, 4, (method, target) -> method.equals("GET"));
        s3.inject(FaultyS3.Fault.SLOW_DOWN, 5, (method, target) -> true);
        s3.inject(FaultyS3.Fault.DROPPED, 5, (method, target) -> true);
        s3.inject(FaultyS3.Fault.SLOW, 3, (method, target) -> true);

        java.nio.file.Path copy = local.resolve("copy");
        HadoopFiles.copyToLocal(files, file, copy);

        assertThat(Files.readAllBytes(copy)).isEqualTo(bytes);
        assertThat(s3.injected(FaultyS3.Fault.CUT)).isPositive();
        assertThat(s3.requests().stream().filter(request -> request.startsWith("GET") && request.contains("bytes=")))
                .hasSizeGreaterThanOrEqualTo(6);
    }

    @Test
    void busyServerIsAnErrorToRetry() throws IOException {
        Path file = new Path("s3a://files/busy");
        HadoopFiles.writeWhole(files, file, new byte[100]);
        s3.inject(FaultyS3.Fault.SLOW_DOWN, 1, (method, target) -> target.contains("busy"));
        assertThatThrownBy(() -> HadoopFiles.copyToLocal(files, file, local.resolve("busy")))
                .isInstanceOf(UncheckedIOException.class)
                .satisfies(busy -> assertThat(HadoopFiles.isUnavailable(busy)).isTrue());
        assertThatThrownBy(() -> HadoopFiles.writeWhole(files, file, new byte[1]))
                .satisfies(busy -> assertThat(HadoopFiles.isUnavailable(busy)).isTrue());
        s3.recover();
        assertThat(text(file)).hasSize(100);
    }

    @Test
    void partialModelHasNoConfigAndACompleteModelNamesOnlyExistingFiles() throws IOException {
        Path model = new Path("s3a://files/run/model");
        TensorData weights = TensorData.f32(
                "w", new long[] {3}, ByteBuffer.allocateDirect(3 * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN));
        s3.inject(
                FaultyS3.Fault.SLOW_DOWN,
                1,
                (method, target) -> method.equals("PUT") && target.contains("model.safetensors"));
        assertThatThrownBy(() -> export(model, weights))
                .satisfies(busy -> assertThat(HadoopFiles.isUnavailable(busy)).isTrue());
        assertThat(files.exists(new Path(model, "README.md"))).isTrue();
        assertThat(files.exists(new Path(model, "config.json"))).isFalse();
        assertThat(files.exists(new Path(model, "adapter_config.json"))).isFalse();

        s3.recover();
        export(model, weights);

        List<String> written = s3.requests().stream()
                .filter(request -> request.startsWith("PUT"))
                .map(request -> request.replaceFirst(".*/", ""))
                .toList();
        assertThat(written.subList(written.size() - 3, written.size()))
                .containsExactly("model.safetensors", "adapter_config.json", "config.json");
        assertThat(s3.requests()).noneMatch(request -> request.contains(".tmp."));

        // The old model is removed completely or stays complete.
        s3.inject(FaultyS3.Fault.DENIED, 1, (method, target) -> method.equals("DELETE"));
        assertThatThrownBy(() -> export(model, weights)).hasMessageContaining("config.json cannot be deleted");
        assertThat(files.exists(new Path(model, "config.json"))).isTrue();
        assertThat(files.exists(new Path(model, "model.safetensors"))).isTrue();
        s3.recover();
        files.create(new Path(model, "model-00001-of-00002.safetensors")).close();
        export(model, weights);
        assertThat(files.exists(new Path(model, "model-00001-of-00002.safetensors")))
                .isFalse();
    }

    private static void export(Path model, TensorData weights) {
        Map<String, byte[]> small = new LinkedHashMap<>();
        for (String name : List.of("config.json", "adapter_config.json", "README.md")) {
            small.put(name, "{}".getBytes(StandardCharsets.UTF_8));
        }
        new HfFolderWriter(model, files.getConf(), "run", "0")
                .write(List.of(), small, Map.of("model.safetensors", List.of(weights)));
    }
}
