package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.spark.cluster.Master;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Paths of a run in the form that executors need. */
public final class RunPaths {
    private RunPaths() {}

    /**
     * Returns the same run with absolute URIs. A path without a scheme is on {@code fs.defaultFS}; a relative path is
     * in the driver's working directory there.
     *
     * @throws RunException if a path is invalid, or names a file of this machine while the tasks run on other machines
     *     and {@code cluster.shared_filesystem} is not set
     */
    public static RunConfig resolve(RunConfig config, String master, Configuration hadoop) {
        RunConfig resolved = AbsolutePaths.of(config, hadoop);
        if (Master.parse(master).isRemote() && !config.cluster().sharedFilesystem()) {
            refuseLocalFiles(resolved, master);
        }
        return resolved;
    }

    private static void refuseLocalFiles(RunConfig config, String master) {
        String local = Keys.paths(config).entrySet().stream()
                .filter(path -> !DataConfig.isTable(path.getValue()) && !RunConfig.isOfHub(path.getValue()))
                .filter(path -> "file".equals(new Path(path.getValue()).toUri().getScheme()))
                .map(path -> path.getKey() + " " + path.getValue())
                .collect(Collectors.joining(", "));
        if (!local.isEmpty()) {
            throw RunException.config("the executors of " + master + " may not see files of this machine: "
                    + local
                    + "; use a shared file system (hdfs:, s3a:), or set cluster.shared_filesystem=true if every machine"
                    + " has the same files there");
        }
    }
}
