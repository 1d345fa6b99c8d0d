package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.hf.HadoopFiles;
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
 * What a run's model said of every sample of the dataset before it was trained, which its loss is measured against
 * ({@link io.github.sparkfinetune.core.task.TaskSpec#readsReference}). It is computed once and kept in {@value #FILE}
 * of the output folder: a split's values F32 [samples, values] in storage order, in one tensor of the split's name or
 * in several, named as {@link TensorRange} says; and in the metadata by each split's name the name of its first shard,
 * which no other dataset has. Values are read from a file of this machine when they are asked for.
 */
public final class References implements AutoCloseable {
    static final String FILE = "reference.safetensors";

    private static final String REMEDY = ": train into a new output.dir";

    private final SafetensorsFile file;
    private final Optional<java.nio.file.Path> copy;
    /** By split the tensors that hold it, by their first value. */
    private final Map<String, NavigableMap<Long, String>> tensors = new HashMap<>();

    private References(SafetensorsFile file, Optional<java.nio.file.Path> copy) {
        this.file = file;
        this.copy = copy;
        for (String name : file.names()) {
            TensorRange range = TensorRange.ofName(name);
            tensors.computeIfAbsent(range.tensor(), split -> new TreeMap<>()).put(range.from(), name);
        }
    }

    /** Whether a run's task has any. */
    public static boolean areRead(RunConfig config) {
        return TaskSpecs.of(config).readsReference();
    }

    private static Path file(RunConfig config) {
        return new Path(config.output().dir(), FILE);
    }

    /**
     * Writes those of a run.
     *
     * @param parts tensors of all splits, named as {@link TensorRange} says
     */
    public static void write(RunConfig config, Manifest manifest, List<TensorData> parts, Configuration hadoop) {
        HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(file(config), hadoop),
                file(config),
                out -> SafetensorsWriter.write(out, parts, shards(manifest)));
    }

    /** What tells a dataset from others: by the name of each split that of its first shard. */
    public static Map<String, String> shards(Manifest manifest) {
        Map<String, String> shards = new HashMap<>();
        manifest.samples()
                .splits()
                .forEach((name, split) -> shards.put(name, split.shards().get(0).file()));
        return shards;
    }

    /**
     * Opens those of a run, or nothing where they are not computed yet, or of another dataset.
     *
     * @param temporary local folder that a copy of the file goes to until it is closed
     * @param progressed called now and then by the caller's thread while bytes come
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
     * A split as a run measures it: where its task has references with them, else as it is.
     *
     * @param name of the split
     * @param temporary as for {@link #find}
     * @throws RunException where the run's references are not there, or of another dataset
     */
    public static SampleSource told(
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
            return references.told(name, split).mapped(sample -> sample, references::close);
        } catch (RuntimeException e) {
            references.close();
            throw e;
        }
    }

    /**
     * Opens those of a run.
     *
     * @param temporary as for {@link #find}
     * @param progressed as for {@link #find}
     * @throws RunException where they are not there, or of another dataset
     */
    public static References require(
            RunConfig config,
            Manifest manifest,
            Configuration hadoop,
            java.nio.file.Path temporary,
            Runnable progressed)
            throws IOException {
        return find(config, manifest, hadoop, temporary, progressed)
                .orElseThrow(() -> RunException.data(file(config) + ", what the model said before its training, is not"
                        + " there or of another dataset than " + config.dataset() + REMEDY));
    }

    /** A split whose samples have what was said of them as their targets; closes the split when it is closed. */
    public SampleSource told(String name, SampleSource split) {
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
