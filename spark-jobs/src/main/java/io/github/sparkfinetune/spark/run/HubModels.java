package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.data.files.AllowedRoots;
import io.github.sparkfinetune.data.files.HadoopFiles;
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
    /** Folder in {@code output.dir} with copies of models that only the driver's cache has. */
    static final String COPIES = "hub";

    private HubModels() {}

    /**
     * Returns the name on the Hub if a run's {@code model} begins with {@code hub:}. Any other text is a path, whatever
     * the working directory of this process holds.
     *
     * @throws RunException if no name follows
     */
    public static Optional<HubName> name(RunConfig config) {
        String model = config.model();
        if (!RunConfig.isOfHub(model)) {
            return Optional.empty();
        }
        return Optional.of(HubName.parse(model.substring(RunConfig.HUB.length()))
                .orElseThrow(() -> RunException.config("model: '" + model + "' is not a name of the Hugging Face Hub:"
                        + " write hub:ORG/NAME or hub:ORG/NAME@REVISION")));
    }

    /**
     * Returns the same run with its model as a folder. The folder is the cache's, or a copy in {@code output.dir} if
     * the executors have other disks.
     *
     * @throws RunException as {@link Hub#fetch}
     */
    public static RunConfig resolve(RunConfig config, Hub hub, String master, Configuration hadoop) {
        Optional<HubName> name = name(config);
        if (name.isEmpty()) {
            return config;
        }
        AllowedRoots.requireHub(config.model(), hadoop);
        java.nio.file.Path snapshot = hub.fetch(name.get());
        String folder = snapshot.toUri().toString();
        if (Master.parse(master).isRemote() && !config.cluster().sharedFilesystem()) {
            String commit = snapshot.getFileName().toString();
            folder = copy(
                    snapshot,
                    new Path(config.output().dir() + "/" + COPIES, name.get().snapshot(commit)),
                    hadoop);
        }
        String found = folder.replaceFirst("/$", "");
        return Keys.mapPaths(config, (key, path) -> key.equals("model") ? found : path);
    }

    /** Copies the files that the folder lacks. A file appears there when it is complete. */
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
            throw new UncheckedIOException(to + " cannot be written: " + e.getMessage(), e);
        }
    }
}
