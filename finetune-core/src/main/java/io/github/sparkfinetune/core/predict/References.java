package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
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
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a run's model said of every sample of the dataset before it was trained, which its loss is measured against
 * ({@link io.github.sparkfinetune.core.task.TaskSpec#readsReference}). It is computed once and kept in {@value #FILE}
 * of the output folder: a tensor F32 [samples, values] a split, in storage order, and in the metadata by each split's
 * name the name of its first shard, which no other dataset has.
 */
public final class References {
    static final String FILE = "reference.safetensors";

    private static final String REMEDY = ": train into a new output.dir";

    private final Map<String, FloatBuffer> values;

    private References(Map<String, FloatBuffer> values) {
        this.values = values;
    }

    /** Whether a run's task has any. */
    public static boolean areRead(RunConfig config) {
        return TaskSpecs.of(config).readsReference();
    }

    private static Path file(RunConfig config) {
        return new Path(config.output().dir(), FILE);
    }

    /**
     * Those that were just computed.
     *
     * @param splits a split's values in F32, little-endian, sample after sample, by its name
     */
    public static References of(Map<String, ByteBuffer> splits) {
        Map<String, FloatBuffer> values = new HashMap<>();
        splits.forEach((split, bytes) -> values.put(
                split, bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()));
        return new References(values);
    }

    /** Writes them; the splits are as for {@link #of}. */
    public static void write(
            RunConfig config, Manifest manifest, Map<String, ByteBuffer> splits, Configuration hadoop) {
        List<TensorData> tensors = new ArrayList<>();
        splits.forEach((split, bytes) -> {
            long samples = manifest.split(split).rows();
            long width = bytes.remaining() / Float.BYTES / samples;
            tensors.add(TensorData.f32(split, new long[] {samples, width}, bytes));
        });
        HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(file(config), hadoop),
                file(config),
                out -> SafetensorsWriter.write(out, tensors, shards(manifest)));
    }

    private static Map<String, String> shards(Manifest manifest) {
        Map<String, String> shards = new HashMap<>();
        manifest.splits()
                .forEach((name, split) -> shards.put(name, split.shards().get(0).file()));
        return shards;
    }

    /**
     * Reads those of a run, or nothing where they are not computed yet, or of another dataset.
     *
     * @param temporary local folder that a copy of the file goes to for as long as it is read
     */
    public static Optional<References> find(
            RunConfig config, Manifest manifest, Configuration hadoop, java.nio.file.Path temporary)
            throws IOException {
        FileSystem files = HadoopFiles.fileSystem(file(config), hadoop);
        if (!files.exists(file(config))) {
            return Optional.empty();
        }
        java.nio.file.Path folder = Files.createTempDirectory(temporary, "reference-");
        try {
            java.nio.file.Path copy = folder.resolve(FILE);
            HadoopFiles.copyToLocal(files, file(config), copy);
            return read(copy, manifest);
        } finally {
            HadoopFiles.deleteLocal(folder);
        }
    }

    private static Optional<References> read(java.nio.file.Path copy, Manifest manifest) {
        try (SafetensorsFile stored = SafetensorsFile.open(copy)) {
            if (!stored.metadata().equals(shards(manifest))) {
                return Optional.empty();
            }
            Map<String, ByteBuffer> splits = new HashMap<>();
            for (String split : stored.names()) {
                ByteBuffer bytes =
                        ByteBuffer.allocate(Math.toIntExact(stored.info(split).byteSize()));
                stored.read(split, 0, bytes);
                splits.put(split, bytes);
            }
            return Optional.of(of(splits));
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
        return areRead(config) ? require(config, manifest, hadoop, temporary).told(name, split) : split;
    }

    /**
     * Reads those of a run.
     *
     * @param temporary as for {@link #find}
     * @throws RunException where they are not there, or of another dataset
     */
    public static References require(
            RunConfig config, Manifest manifest, Configuration hadoop, java.nio.file.Path temporary)
            throws IOException {
        return find(config, manifest, hadoop, temporary)
                .orElseThrow(() -> RunException.data(file(config) + ", what the model said before its training, is not"
                        + " there or of another dataset than " + config.dataset() + REMEDY));
    }

    /** A split whose samples have what was said of them as their targets; closes the split when it is closed. */
    public SampleSource told(String name, SampleSource split) {
        FloatBuffer said = values.get(name);
        if (said == null || said.remaining() == 0 || said.remaining() % split.size() != 0) {
            throw RunException.data(FILE + " does not fit the split " + name + REMEDY);
        }
        int width = Math.toIntExact(said.remaining() / split.size());
        return split.mapped(sample -> {
            double[] targets = new double[width];
            Arrays.setAll(targets, i -> said.get(Math.toIntExact(sample.index() * width + i)));
            return sample.withTargets(targets);
        });
    }
}
