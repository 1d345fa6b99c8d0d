package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Reference values of every sample of a dataset: results of a run's initial model, with which the loss compares the
 * trained model ({@link io.github.sparkfinetune.core.task.TaskSpec#readsReference}). They are computed once and kept in
 * {@value #FILE} of the output folder. A split's values are F32 [samples, values] in storage order. They are in one
 * tensor with the split's name, or in several tensors named as in {@link TensorRange}. The metadata maps each split's
 * name to the name of its first shard, which is unique to the dataset. Values are read on demand from a local file.
 */
public final class References implements AutoCloseable {
    static final String FILE = "reference.safetensors";

    private static final String REMEDY = ": train into a new output.dir";

    private final SafetensorsFile file;
    private final Optional<java.nio.file.Path> copy;
    /** Tensors of each split, by the index of their first value. */
    private final Map<String, NavigableMap<Long, String>> tensors = new HashMap<>();

    private References(SafetensorsFile file, Optional<java.nio.file.Path> copy) {
        this.file = file;
        this.copy = copy;
        for (String name : file.names()) {
            TensorRange range = TensorRange.ofName(name);
            tensors.computeIfAbsent(range.tensor(), split -> new TreeMap<>()).put(range.from(), name);
        }
    }

    /** Returns whether a run's task reads references. */
    public static boolean areRead(RunConfig config) {
        return TaskSpecs.of(config).readsReference();
    }

    private static Path file(RunConfig config) {
        return new Path(config.output().dir(), FILE);
    }

    /**
     * Writes the references of a run.
     *
     * @param parts tensors of all splits, named as in {@link TensorRange}
     */
    public static void write(RunConfig config, Manifest manifest, List<TensorData> parts, Configuration hadoop) {
        HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(file(config), hadoop),
                file(config),
                out -> SafetensorsWriter.write(out, parts, shards(manifest)));
    }

    /** Returns the identity of a dataset: the name of each split's first shard, by the split's name. */
    public static Map<String, String> shards(Manifest manifest) {
        Map<String, String> shards = new HashMap<>();
        manifest.samples()
                .splits()
                .forEach((name, split) -> shards.put(name, split.shards().get(0).file()));
        return shards;
    }

    /**
     * Opens the references of a run, or returns empty if they are not computed yet or belong to another dataset.
     *
     * @param temporary local folder for a copy of the file, which exists until the references are closed
     * @param progressed called from time to time by the caller's thread while bytes arrive
     */
    public static Optional<References> find(
            RunConfig config,
            Manifest manifest,
            Configuration hadoop,
            java.nio.file.Path temporary,
            Runnable progressed)
            throws IOException {
        FileSystem files = HadoopFiles.fileSystem(file(config), hadoop);
        if (!files.exists(file(config))) {
            return Optional.empty();
        }
        Optional<java.nio.file.Path> folder = HadoopFiles.isLocal(files)
                ? Optional.empty()
                : Optional.of(Files.createTempDirectory(temporary, "reference-"));
        try {
            java.nio.file.Path local = HadoopFiles.local(file(config));
            if (folder.isPresent()) {
                local = folder.get().resolve(FILE);
                HadoopFiles.copyToLocal(files, file(config), local, progressed);
            }
            References references = new References(SafetensorsFile.open(local), folder);
            if (references.file.metadata().equals(shards(manifest))) {
                return Optional.of(references);
            }
            references.close();
            return Optional.empty();
        } catch (RuntimeException e) {
            folder.ifPresent(HadoopFiles::deleteLocal);
            throw e;
        }
    }

    /**
     * Returns a split with references as targets if the run's task reads them, else the split itself.
     *
     * @param name name of the split
     * @param temporary as in {@link #find}
     * @throws RunException if the run's references are missing, or belong to another dataset
     */
    public static SampleSource withReferences(
            RunConfig config,
            Manifest manifest,
            String name,
            SampleSource split,
            Configuration hadoop,
            java.nio.file.Path temporary)
            throws IOException {
        if (!areRead(config)) {
            return split;
        }
        References references = require(config, manifest, hadoop, temporary, () -> {});
        try {
            return references.withReferences(name, split).mapped(sample -> sample, references::close);
        } catch (RuntimeException e) {
            references.close();
            throw e;
        }
    }

    /**
     * Opens the references of a run.
     *
     * @param temporary as in {@link #find}
     * @param progressed as in {@link #find}
     * @throws RunException if the references are missing, or belong to another dataset
     */
    public static References require(
            RunConfig config,
            Manifest manifest,
            Configuration hadoop,
            java.nio.file.Path temporary,
            Runnable progressed)
            throws IOException {
        return find(config, manifest, hadoop, temporary, progressed)
                .orElseThrow(() -> RunException.data(file(config) + ", the references of the run, is missing or"
                        + " belongs to another dataset than " + config.dataset() + REMEDY));
    }

    /** Returns a split whose samples have their references as targets. Closing it also closes the given split. */
    public SampleSource withReferences(String name, SampleSource split) {
        NavigableMap<Long, String> parts = tensors.getOrDefault(name, new TreeMap<>());
        long values = 0;
        for (Map.Entry<Long, String> part : parts.entrySet()) {
            values += part.getKey() == values ? file.info(part.getValue()).count() : Long.MIN_VALUE;
        }
        if (values <= 0 || values % split.size() != 0) {
            throw RunException.data(FILE + " does not fit the split " + name + REMEDY);
        }
        int width = Math.toIntExact(values / split.size());
        return split.mapped(sample -> sample.withTargets(values(parts, sample.index() * width, width)));
    }

    private double[] values(NavigableMap<Long, String> parts, long from, int count) {
        Map.Entry<Long, String> part = parts.floorEntry(from);
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.read(part.getValue(), (from - part.getKey()) * Float.BYTES, bytes);
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = bytes.getFloat(i * Float.BYTES);
        }
        return values;
    }

    @Override
    public void close() {
        file.close();
        copy.ifPresent(HadoopFiles::deleteLocal);
    }
}
