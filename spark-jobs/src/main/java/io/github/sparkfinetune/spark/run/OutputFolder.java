package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Folder of one run. Its {@code run.yaml}, the configuration with all defaults, identifies the run. Only the same run
 * may write to the folder again.
 */
public final class OutputFolder {
    private static final String RUN_YAML = "run.yaml";
    /** Files that commands write before the folder belongs to a run. */
    private static final Set<String> PREPARED = Set.of(
            "dataset",
            HubModels.COPIES,
            "status.json",
            "progress.json",
            "tune.json",
            "trials",
            "report.html",
            Lease.COMMAND);

    private OutputFolder() {}

    /**
     * Claims the folder for this run, or checks that it belongs to this run already.
     *
     * @param config configuration with absolute paths
     * @throws RunException if the folder cannot be written, or belongs to something else
     */
    public static void claim(RunConfig config, Configuration hadoop) {
        Path folder = new Path(config.output().dir());
        try {
            FileSystem files = HadoopFiles.open(folder, hadoop);
            String before = read(files, new Path(folder, RUN_YAML));
            if (before != null) {
                refuseOther(folder, before, config, hadoop);
                probe(files, folder);
            } else {
                refuseForeign(files, folder);
                files.mkdirs(folder);
                HadoopFiles.writeWhole(
                        files,
                        new Path(folder, RUN_YAML),
                        RunConfigLoader.toYaml(config).getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException | UncheckedIOException | UnsupportedOperationException e) {
            throw unwritable(folder, e);
        }
    }

    /**
     * Checks that the folder belongs to this run, without writing into it.
     *
     * @param config configuration with absolute paths
     * @return the configuration of the run as training wrote it
     * @throws RunException if the folder does not exist, or belongs to something else
     */
    public static RunConfig require(RunConfig config, Configuration hadoop) throws IOException {
        Path folder = new Path(config.output().dir());
        String before = read(HadoopFiles.open(folder, hadoop), new Path(folder, RUN_YAML));
        if (before == null) {
            throw RunException.data("output.dir: " + folder + " has no " + RUN_YAML + ": train the run first");
        }
        refuseOther(folder, before, config, hadoop);
        return RunConfigLoader.parse(before, new Path(folder, RUN_YAML).toString(), List.of());
    }

    /**
     * Returns the run on the generation of the dataset that it began with, and with the defaults that it began with;
     * the same run if it has not begun.
     *
     * @param config configuration with absolute paths
     * @throws RunException if {@code data.generation} names another generation
     */
    public static RunConfig pinned(RunConfig config, Configuration hadoop) {
        Optional<RunConfig> before = begun(config, hadoop);
        if (before.isEmpty()) {
            return config;
        }
        RunConfig run = Settings.withFormer(config, before.get());
        OptionalInt begun = before.get().data().pinned();
        OptionalInt requested = config.data().pinned();
        if (begun.isEmpty()) {
            return run;
        }
        if (requested.isPresent() && requested.getAsInt() != begun.getAsInt()) {
            throw RunException.config("data.generation is " + requested.getAsInt() + ", but the run in "
                    + config.output().dir() + " began on generation " + begun.getAsInt()
                    + ": leave data.generation out to resume it, or choose another output.dir");
        }
        return run.onGeneration(begun.getAsInt());
    }

    /** Returns the generation of the dataset that the run began with; empty if it has not begun to train. */
    public static OptionalInt generation(RunConfig config, Configuration hadoop) {
        return begun(config, hadoop).map(run -> run.data().pinned()).orElse(OptionalInt.empty());
    }

    private static Optional<RunConfig> begun(RunConfig config, Configuration hadoop) {
        Path file = new Path(config.output().dir(), RUN_YAML);
        try {
            return Optional.ofNullable(read(HadoopFiles.open(file, hadoop), file))
                    .map(yaml -> RunConfigLoader.parse(yaml, file.toString(), List.of()));
        } catch (IOException e) {
            throw unwritable(file.getParent(), e);
        }
    }

    /**
     * Records the generation of the dataset that the run trains on in its {@code run.yaml}.
     *
     * @param config configuration with absolute paths and {@code data.generation}
     */
    public static void pin(RunConfig config, Configuration hadoop) throws IOException {
        Path file = new Path(config.output().dir(), RUN_YAML);
        FileSystem files = HadoopFiles.open(file, hadoop);
        String before = read(files, file);
        if (before == null) {
            return;
        }
        RunConfig old = RunConfigLoader.parse(before, file.toString(), List.of());
        OptionalInt now = config.data().pinned();
        if (now.isPresent() && !now.equals(old.data().pinned())) {
            HadoopFiles.writeWhole(
                    files,
                    file,
                    RunConfigLoader.toYaml(old.onGeneration(now.getAsInt())).getBytes(StandardCharsets.UTF_8));
        }
    }

    private static RunException unwritable(Path folder, Exception e) {
        String what = "output.dir: " + folder + " cannot be written ("
                + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + ")";
        return HadoopFiles.isUnavailable(e)
                ? RunException.failed(what + ": fix that, then start it again", e)
                : RunException.config(what + ": choose a folder that this user may write to");
    }

    private static String read(FileSystem files, Path file) throws IOException {
        try (var in = files.open(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    private static void refuseOther(Path folder, String before, RunConfig config, Configuration hadoop) {
        RunConfig old = RunConfigLoader.parse(before, new Path(folder, RUN_YAML).toString(), List.of());
        List<String> differences =
                Settings.differences(Settings.of(AbsolutePaths.of(old, hadoop)), Settings.of(config), Keys::mayChange);
        if (!differences.isEmpty()) {
            throw RunException.config("output.dir: " + folder + " holds another run (" + String.join(", ", differences)
                    + "): choose another output.dir, or use the same settings to resume");
        }
    }

    private static void refuseForeign(FileSystem files, Path folder) throws IOException {
        if (!files.exists(folder)) {
            return;
        }
        if (!files.getFileStatus(folder).isDirectory()) {
            throw RunException.config("output.dir: " + folder + " is a file: choose a folder");
        }
        for (FileStatus entry : files.listStatus(folder)) {
            boolean prepared = PREPARED.contains(entry.getPath().getName());
            if (!prepared && !entry.getPath().getName().startsWith(".")) {
                throw RunException.config(
                        "output.dir: " + folder + " holds " + entry.getPath().getName()
                                + " but no run.yaml, so it is not the folder of a run: choose another output.dir");
            }
        }
    }

    private static void probe(FileSystem files, Path folder) throws IOException {
        Path probe = new Path(folder, ".probe-" + UUID.randomUUID());
        files.create(probe, false).close();
        HadoopFiles.discard(files, probe);
    }
}
