package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import java.util.function.LongFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * Reference values of every sample of some splits: results of another model, with which the loss compares the trained
 * model. The other model is the run's initial model ({@link io.github.sparkfinetune.core.task.TaskSpec#readsReference})
 * or its teacher. The values are computed once and kept in a {@link ReferenceFile}. They are read on demand from a
 * local file.
 */
public final class References implements AutoCloseable {
    private static final String REMEDY = ": train into a new output.dir";

    private final ReferenceFile kind;
    private final SafetensorsFile file;
    private final Optional<java.nio.file.Path> copy;

    private References(ReferenceFile kind, SafetensorsFile file, Optional<java.nio.file.Path> copy) {
        this.kind = kind;
        this.file = file;
        this.copy = copy;
    }

    /** Returns whether a run's loss compares the model with its initial model. */
    public static boolean areRead(RunConfig config) {
        return TaskSpecs.of(config).readsReference();
    }

    /**
     * Opens references, or returns empty if they are not computed yet or belong to another dataset or teacher.
     *
     * @param temporary local folder for a copy of the file, which exists until the references are closed
     * @param progressed called from time to time by the caller's thread while bytes arrive
     */
    public static Optional<References> find(
            ReferenceFile kind, Configuration hadoop, java.nio.file.Path temporary, Runnable progressed)
            throws IOException {
        FileSystem files = HadoopFiles.fileSystem(kind.path(), hadoop);
        if (!files.exists(kind.path())) {
            return Optional.empty();
        }
        Optional<java.nio.file.Path> folder = HadoopFiles.isLocal(files)
                ? Optional.empty()
                : Optional.of(Files.createTempDirectory(temporary, "reference-"));
        try {
            java.nio.file.Path local = HadoopFiles.local(kind.path());
            if (folder.isPresent()) {
                local = folder.get().resolve(kind.path().getName());
                HadoopFiles.copyToLocal(files, kind.path(), local, progressed);
            }
            References references = new References(kind, SafetensorsFile.open(local), folder);
            if (references.file.metadata().equals(kind.metadata())) {
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
     * Returns a split with references as targets if the evaluation of the run's task reads them, else the split itself.
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
        Optional<ReferenceFile> kind = ReferenceFile.evaluated(config, manifest);
        if (kind.isEmpty()) {
            return split;
        }
        References references = require(kind.get(), hadoop, temporary, () -> {});
        try {
            return references.withReferences(name, split).mapped(sample -> sample, references::close);
        } catch (RuntimeException e) {
            references.close();
            throw e;
        }
    }

    /**
     * Opens references.
     *
     * @param temporary as in {@link #find}
     * @param progressed as in {@link #find}
     * @throws RunException if the references are missing, or belong to another dataset
     */
    public static References require(
            ReferenceFile kind, Configuration hadoop, java.nio.file.Path temporary, Runnable progressed)
            throws IOException {
        return find(kind, hadoop, temporary, progressed)
                .orElseThrow(() -> RunException.data(kind.path() + ", the references of the run, is missing or"
                        + " belongs to another dataset" + REMEDY));
    }

    /** Returns a split whose samples have their references as targets. Closing it also closes the given split. */
    public SampleSource withReferences(String name, SampleSource split) {
        LongFunction<double[]> values = kind.layout()
                .values(file, name, split.size())
                .orElseThrow(() -> RunException.data(kind.path() + " does not fit the split " + name + REMEDY));
        return split.mapped(sample -> sample.isErased() ? sample : sample.withTargets(values.apply(sample.index())));
    }

    @Override
    public void close() {
        file.close();
        copy.ifPresent(HadoopFiles::deleteLocal);
    }
}
