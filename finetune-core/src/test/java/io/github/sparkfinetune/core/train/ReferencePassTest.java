package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.predict.ReferenceFile;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A reference pass that ends before all samples are computed, and reads of its result. */
@Timeout(600)
class ReferencePassTest {
    private static final int BATCH = 2;
    private static final float MARK = -1234;
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path folder;

    private TinyRun tiny;
    private RunConfig whole;

    @BeforeEach
    void prepare() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        tiny = new TinyRun(
                folder,
                base,
                "preference",
                "training.max_steps=1",
                "training.save_minutes=1.0e-9",
                "training.per_device_eval_batch_size=" + BATCH);
        whole = tiny.config("whole");
        tiny.run(whole, 1, null);
    }

    /** A collective that ends its rank after some pieces of work. */
    private static final class Ended extends ForwardingCollective {
        private int remaining;

        Ended(Collective ranks, int pieces) {
            super(ranks);
            this.remaining = pieces;
        }

        @Override
        public void progressed() {
            if (remaining-- == 0) {
                throw new LostRankException(rank(), "it was killed", null);
            }
        }
    }

    private static Path output(RunConfig config) {
        return Path.of(URI.create(config.output().dir()));
    }

    private List<Path> endedAfter(int batches, RunConfig config, int ranks, String attempt) throws IOException {
        assertThatThrownBy(() -> tiny.run(config, ranks, null, attempt, all -> new Ended(all, batches)))
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(LostRankException.class);
        try (Stream<Path> files = Files.list(output(config).resolve("reference"))) {
            return files.sorted().toList();
        }
    }

    private static List<double[]> referenceValues(RunConfig config, String split) throws IOException {
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, HADOOP);
        List<double[]> referenceValues = new ArrayList<>();
        try (SampleSource samples = References.withReferences(
                config,
                manifest,
                split,
                ParquetSamples.open(dataset, manifest, split, HADOOP),
                HADOOP,
                output(config))) {
            for (long i = 0; i < samples.size(); i++) {
                referenceValues.add(samples.read(i).targets());
            }
        }
        return referenceValues;
    }

    private void assertReferenceValues(RunConfig config, int marked) throws IOException {
        int found = 0;
        for (String split : List.of(Manifest.TRAIN, Manifest.EVAL)) {
            List<double[]> expected = referenceValues(whole, split);
            List<double[]> actual = referenceValues(config, split);
            assertThat(actual).hasSameSizeAs(expected);
            for (int i = 0; i < actual.size(); i++) {
                if (actual.get(i)[0] == MARK) {
                    found++;
                } else {
                    assertThat(actual.get(i)).containsExactly(expected.get(i), within(1e-4));
                }
            }
        }
        assertThat(found).as("samples that were not computed again").isEqualTo(marked);
        assertThat(output(config).resolve("reference")).doesNotExist();
    }

    /** Overwrites the values of a part with a mark that the test recognises. */
    private static void mark(Path part) throws IOException {
        byte[] bytes = Files.readAllBytes(part);
        ByteBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = bytes.length - BATCH * 2 * Float.BYTES; at < bytes.length; at += Float.BYTES) {
            values.putFloat(at, MARK);
        }
        Files.write(part, bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void resumesWithTheSavedParts(int ranksThen) throws Exception {
        RunConfig config = tiny.config("killed");
        List<Path> parts = endedAfter(3, config, 2, "first");
        assertThat(parts).isNotEmpty();
        for (Path part : parts) {
            mark(part);
        }
        List<Path> more = endedAfter(2, config, 1, "second");
        assertThat(more).hasSizeGreaterThanOrEqualTo(parts.size());

        tiny.run(config, ranksThen, null, "third");

        assertReferenceValues(config, parts.size() * BATCH);
    }

    @Test
    void recomputesATruncatedPart() throws Exception {
        RunConfig config = tiny.config("cut");
        for (Path part : endedAfter(4, config, 1, "first")) {
            mark(part);
            try (RandomAccessFile file = new RandomAccessFile(part.toFile(), "rw")) {
                file.setLength(file.length() - 1);
            }
        }

        tiny.run(config, 1, null, "second");

        assertReferenceValues(config, 0);
    }

    @Test
    void readsASplitInOneTensor() throws Exception {
        RunConfig config = tiny.config("older");
        Manifest manifest = Manifest.read(new org.apache.hadoop.fs.Path(config.dataset()), HADOOP);
        List<TensorData> tensors = new ArrayList<>();
        for (String split : manifest.splits().keySet()) {
            List<double[]> values = referenceValues(whole, split);
            ByteBuffer bytes =
                    ByteBuffer.allocate(values.size() * 2 * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            values.forEach(row -> bytes.putFloat((float) row[0]).putFloat((float) row[1]));
            tensors.add(TensorData.f32(split, new long[] {values.size(), 2}, bytes.flip()));
        }
        ReferenceFile.ofInitialModel(config, manifest).write(tensors, HADOOP);

        assertReferenceValues(config, 0);
    }

    @Test
    void readsMoreValuesThanAnArrayHolds() throws Exception {
        int samples = 300 << 20;
        int width = 2;
        long half = (long) samples * width / 2;
        RunConfig config = tiny.config("large");
        Manifest manifest = Manifest.read(new org.apache.hadoop.fs.Path(config.dataset()), HADOOP);
        List<TensorData> tensors = new ArrayList<>();
        for (int part = 0; part < 2; part++) {
            String name = new TensorRange(Manifest.TRAIN, part * half, (part + 1) * half).name();
            tensors.add(new TensorData(name, TensorType.F32, new long[] {samples / 2, width}, () -> null));
        }
        ReferenceFile kind = ReferenceFile.ofInitialModel(config, manifest);
        Path file = Files.createDirectories(output(config)).resolve(kind.path().getName());
        byte[] header = SafetensorsWriter.header(tensors, kind.metadata());
        long last = header.length + (2 * half - width) * Float.BYTES;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(header);
            sparse.seek(last);
            sparse.writeInt(Integer.reverseBytes(Float.floatToIntBits(MARK)));
            sparse.setLength(header.length + 2 * half * Float.BYTES);
        }
        SampleSource split = new SampleSource() {
            @Override
            public List<Integer> rowGroups() {
                return Collections.nCopies(300, 1 << 20);
            }

            @Override
            public Sample read(long index) {
                return new Sample(index, new int[] {1}, new int[1], -1);
            }

            @Override
            public void close() {}
        };
        try (References references = References.require(kind, HADOOP, folder, () -> {})) {
            SampleSource withValues = references.withReferences(Manifest.TRAIN, split);
            assertThat(withValues.read(samples - 1L).targets()).containsExactly(MARK, 0);
            assertThat(withValues.read(samples / 2L).targets()).containsExactly(0, 0);
        }
    }
}
