package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterMerge;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/**
 * Merges an adapter into its full-precision base model. The merge is one pass over the weights, limited by reading and
 * writing them, so the driver does it alone.
 */
public final class MergeJob {
    private MergeJob() {}

    /**
     * Merges the adapter into {@code config.model} and writes a model folder, in files of at most 5 GB.
     *
     * @param adapter folder of the adapter, or null for the adapter that the run trained
     * @param output folder of the merged model; must not exist
     * @throws RunException if the output exists, the base is quantized or not a model of the task, or base and adapter
     *     do not fit
     */
    public static AdapterMerge.Merged run(SparkSession session, RunConfig config, String adapter, String output) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        RunConfig resolved = AbsolutePaths.of(config, hadoop);
        String from = adapter == null ? resolved.output().model() : AbsolutePaths.of("--adapter", adapter, hadoop);
        String to = AbsolutePaths.of("--output", output, hadoop);
        try {
            Path local = Files.createTempDirectory("merge-");
            try {
                TaskSpec spec = TaskSpecs.of(resolved);
                spec.modelKind().check(HfConfig.read(new org.apache.hadoop.fs.Path(resolved.model()), hadoop));
                return AdapterMerge.run(
                        resolved,
                        new AdapterMerge.Task(spec.modelKind().head(), spec.usage(), spec::savedFiles),
                        from,
                        to,
                        hadoop,
                        local,
                        SafetensorsWriter.MAX_SHARD_SIZE);
            } finally {
                HadoopFiles.deleteLocal(local);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
