package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.OutputConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.spark.cluster.Master;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The paths of a run as the executors need them. */
public final class RunPaths {
    private RunPaths() {}

    /**
     * The same run with absolute URIs: a path without a scheme is on {@code fs.defaultFS}, a relative one in the
     * driver's working folder there.
     *
     * @throws RunException if a path can not be read as one, or names a file of this machine while the tasks run on
     *     others and {@code cluster.shared_filesystem} is not set
     */
    public static RunConfig resolve(RunConfig config, String master, Configuration hadoop) {
        RunConfig resolved = absolute(config, hadoop);
        if (Master.parse(master).isRemote() && !config.cluster().sharedFilesystem()) {
            refuseLocalFiles(resolved, master);
        }
        return resolved;
    }

    /** The same run with absolute URIs. */
    public static RunConfig absolute(RunConfig config, Configuration hadoop) {
        DataConfig data = config.data();
        return new RunConfig(
                absolute("model", config.model(), hadoop),
                config.task(),
                config.device(),
                config.precision(),
                new DataConfig(
                        absolute("data.train", data.train(), hadoop),
                        absolute("data.eval", data.eval(), hadoop),
                        absolute("data.test", data.test(), hadoop),
                        data.format(),
                        data.text(),
                        data.textPair(),
                        data.label(),
                        data.evalFraction(),
                        data.testFraction(),
                        data.maxLength(),
                        data.maxTextBytes(),
                        data.maxBadFraction(),
                        data.deduplicate(),
                        data.shards(),
                        data.seed(),
                        absolute("data.chat_template", data.chatTemplate(), hadoop),
                        data.assistantOnlyLoss(),
                        data.packing(),
                        data.overlong(),
                        absolute("data.dir", data.dir(), hadoop)),
                config.tokenizer(),
                config.method()
                        .withAdapter(absolute("method.adapter", config.method().adapter(), hadoop)),
                config.training(),
                config.generation(),
                config.cluster(),
                new OutputConfig(absolute("output.dir", config.output().dir(), hadoop)));
    }

    /** An absolute URI for a path; null stays null. */
    public static String absolute(String key, String path, Configuration hadoop) {
        if (path == null) {
            return null;
        }
        try {
            Path parsed = new Path(path);
            FileSystem files = parsed.getFileSystem(hadoop);
            return parsed.makeQualified(files.getUri(), files.getWorkingDirectory())
                    .toString();
        } catch (IOException | IllegalArgumentException e) {
            throw RunException.config(key + ": '" + path + "' can not be used as a path: " + e.getMessage());
        }
    }

    private static void refuseLocalFiles(RunConfig config, String master) {
        DataConfig data = config.data();
        List<String> local = Stream.of(
                        named("model", config.model()),
                        named("data.train", data.train()),
                        named("data.eval", data.eval()),
                        named("data.test", data.test()),
                        named("data.chat_template", data.chatTemplate()),
                        named("data.dir", data.dir()),
                        named("method.adapter", config.method().adapter()),
                        named("output.dir", config.output().dir()))
                .flatMap(List::stream)
                .toList();
        if (!local.isEmpty()) {
            throw RunException.config("the executors of " + master + " may not see files of this machine: "
                    + local.stream().collect(Collectors.joining(", "))
                    + "; use a shared file system (hdfs:, s3a:), or set cluster.shared_filesystem=true if every machine"
                    + " has the same files there");
        }
    }

    private static List<String> named(String key, String path) {
        return path != null && "file".equals(new Path(path).toUri().getScheme())
                ? List.of(key + " " + path)
                : List.of();
    }
}
