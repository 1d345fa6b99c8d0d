package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.RunConfig;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Paths of a run as absolute URIs; a path without scheme belongs to {@code fs.defaultFS}. */
final class Locations {
    private Locations() {}

    static Path absolute(String path, Configuration hadoop) throws IOException {
        Path given = new Path(path);
        return given.getFileSystem(hadoop).makeQualified(given);
    }

    /** Folder of the run's prepared dataset: {@code data.dir}, or {@code dataset} in the output folder. */
    static Path dataset(RunConfig config, Configuration hadoop) throws IOException {
        return config.data().dir() == null
                ? new Path(absolute(config.output().dir(), hadoop), "dataset")
                : absolute(config.data().dir(), hadoop);
    }
}
