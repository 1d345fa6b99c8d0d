package io.github.sparkfinetune.data.files;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Paths of a run as absolute URIs, which have the same meaning in every process. */
public final class AbsolutePaths {
    private static final String MODEL = "model";
    /** Prefixes of the keys of raw text. */
    private static final List<String> SOURCES =
            List.of("data.train", "data.eval", "data.test", "data.held_out.", "data.corpus.sources", "--input");

    private AbsolutePaths() {}

    /**
     * Returns the same run with absolute URIs. A path without a scheme is on {@code fs.defaultFS}; a relative path is
     * in this process's working directory there.
     */
    public static RunConfig of(RunConfig config, Configuration hadoop) {
        return Keys.mapPaths(config, (key, path) -> of(key, path, hadoop));
    }

    /**
     * Returns the absolute URI of a path. Null, the name of a source table and a {@code model} of the Hugging Face Hub
     * are returned unchanged.
     *
     * @throws RunException if the path is invalid or not {@linkplain AllowedRoots allowed}, or a table or a model of
     *     the Hub is named where a path is required
     */
    public static String of(String key, String path, Configuration hadoop) {
        if (path == null) {
            return null;
        }
        if (DataConfig.isTable(path)) {
            if (SOURCES.stream().noneMatch(key::startsWith)) {
                throw RunException.config(key + ": '" + path + "' is a table, but a path is required");
            }
            return path;
        }
        if (RunConfig.isOfHub(path)) {
            if (!key.equals(MODEL)) {
                throw RunException.config(
                        key + ": '" + path + "' is a model of the Hugging Face Hub, but a path is required:"
                                + " download it into a folder, only model fetches by itself");
            }
            return path;
        }
        try {
            Path parsed = new Path(path);
            FileSystem files = HadoopFiles.open(parsed, hadoop);
            Path absolute = parsed.makeQualified(files.getUri(), files.getWorkingDirectory());
            AllowedRoots.require(key, absolute, hadoop);
            return absolute.toString();
        } catch (IOException | IllegalArgumentException e) {
            throw RunException.config(key + ": '" + path + "' cannot be used as a path: " + e.getMessage());
        }
    }
}
