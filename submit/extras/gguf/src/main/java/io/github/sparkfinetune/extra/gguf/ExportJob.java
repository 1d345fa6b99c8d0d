package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;

/** Writes the language model of a run as one GGUF file, on the driver only. */
final class ExportJob {
    private ExportJob() {}

    /**
     * Writes the model, or the adapter merged into its base {@code config.model}.
     *
     * @param output path of the file, which must not exist
     * @throws RunException as {@link GgufExport#run}
     */
    static GgufExport.Exported run(RunConfig config, GgufType type, String output, Configuration hadoop) {
        RunConfig resolved = AbsolutePaths.of(config, hadoop);
        String to = AbsolutePaths.of("--output", output, hadoop);
        String name = new org.apache.hadoop.fs.Path(resolved.output().dir()).getName();
        try {
            Path local = Files.createTempDirectory("export-");
            try {
                return GgufExport.run(
                        resolved.model(), resolved.method(), resolved.output().model(), name, type, to, hadoop, local);
            } finally {
                HadoopFiles.deleteLocal(local);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
