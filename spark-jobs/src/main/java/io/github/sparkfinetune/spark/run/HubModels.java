package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hub.Hub;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.spark.cluster.Master;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Models of the Hugging Face Hub as folders that the executors can read. */
public final class HubModels {
    /** Where the executors find a model that only the driver's cache has, in {@code output.dir}. */
    static final String COPIES = "hub";

    private HubModels() {}

    /**
     * The name of the Hub that a run's {@code model} is: {@code org/name}, and no folder. What begins with a folder of
     * the working folder is a path, so that a mistyped {@code models/bert} is told to nobody.
     */
    public static Optional<HubName> name(RunConfig config) {
        String model = config.base().model();
        if (Files.exists(java.nio.file.Path.of("").resolve(model.split("/", 2)[0]))) {
            return Optional.empty();
        }
        return HubName.parse(model);
    }

    /**
     * The same run with its model as a folder: that of the cache, or, where the executors have other disks, a copy in
     * {@code output.dir}.
     *
     * @throws RunException as {@link Hub#fetch}
     */
    public static RunConfig resolve(RunConfig config, Hub hub, String master, Configuration hadoop) {
        Optional<HubName> name = name(config);
        if (name.isEmpty()) {
            return config;
        }
        java.nio.file.Path snapshot = hub.fetch(name.get());
        String folder = snapshot.toUri().toString();
        if (Master.parse(master).isRemote() && !config.compute().cluster().sharedFilesystem()) {
            String commit = snapshot.getFileName().toString();
            folder = copy(
                    snapshot,
                    new Path(config.output().dir() + "/" + COPIES, name.get().snapshot(commit)),
                    hadoop);
        }
        String found = folder.replaceFirst("/$", "");
        return Keys.mapPaths(config, (key, path) -> key.equals("model") ? found : path);
    }

    /** Copies what the folder doesn't have yet; a file appears there when it is whole. */
    private static String copy(java.nio.file.Path from, Path to, Configuration hadoop) {
        FileSystem files = HadoopFiles.fileSystem(to, hadoop);
        try (Stream<java.nio.file.Path> all = Files.list(from)) {
            List<java.nio.file.Path> sources = all.sorted().toList();
            for (java.nio.file.Path source : sources) {
                Path target = new Path(to, source.getFileName().toString());
                if (!files.exists(target) || files.getFileStatus(target).getLen() != Files.size(source)) {
                    HadoopFiles.write(files, target, out -> Files.copy(source, out));
                }
            }
            return files.makeQualified(to).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(to + " can not be written: " + e.getMessage(), e);
        }
    }
}
