package io.github.sparkfinetune.spark.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.files.AllowedRoots;
import io.github.sparkfinetune.data.files.GrowingFile;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Small files of a run's output folder, on any Hadoop file system: {@code run.yaml}, which training writes,
 * {@code metrics.jsonl}, {@code metrics.json}, {@code progress.json} and {@code report.html}.
 */
public final class RunFolder {
    /** Configuration of the run; a folder with this file belongs to the run. */
    public static final String RUN_YAML = "run.yaml";

    /** Records of the training. */
    public static final String METRICS_LOG = "metrics.jsonl";

    /** Results of the run. */
    public static final String METRICS = "metrics.json";

    /** Result of the last command. */
    public static final String STATUS = "status.json";

    /** Name of the report. */
    public static final String REPORT = "report.html";

    /** Progress of a run, for those who watch it. */
    public static final String PROGRESS = "progress.json";

    /** Files with the results of a run. */
    public static final List<String> RESULTS = List.of(RUN_YAML, METRICS, REPORT);

    private static final String CHECKPOINTS = "checkpoints";
    private static final String CHECKPOINT_MARKER = "COMMITTED";

    private final String dir;
    private final Path path;
    private final FileSystem files;

    private RunFolder(String dir, Path path, FileSystem files) {
        this.dir = dir;
        this.path = path;
        this.files = files;
    }

    /**
     * Returns the output folder of a run, which need not exist yet.
     *
     * @throws RunException if {@code output.dir} is not a path of a known file system
     */
    public static RunFolder of(RunConfig run, Configuration hadoop) throws IOException {
        return of(run.output().dir(), hadoop);
    }

    /** Returns the folder of a pipeline, which contains the folders of its stages. */
    public static RunFolder above(RunConfig stage, Configuration hadoop) throws IOException {
        return of(stage.output().dir().replaceFirst("/[^/]+/*$", ""), hadoop);
    }

    /** Returns the output folder with a name. */
    public static RunFolder of(String dir, Configuration hadoop) throws IOException {
        Path path;
        FileSystem files;
        try {
            path = new Path(dir);
            files = HadoopFiles.open(path, hadoop);
            AllowedRoots.require("output.dir", files.makeQualified(path), hadoop);
        } catch (IllegalArgumentException | IOException e) {
            throw RunException.config("output.dir: " + dir + " cannot be used: " + e.getMessage());
        }
        // Avoids hidden checksum files beside the results, and puts every flushed line on disk.
        return new RunFolder(dir, path, files instanceof LocalFileSystem local ? local.getRaw() : files);
    }

    /**
     * Writes {@value #STATUS}, a JSON object: {@code command}, {@code exit_code}, {@code message} (null without an
     * error) and {@code time} (ISO 8601, UTC).
     */
    public void writeStatus(String command, ExitCode exitCode, String message) throws IOException {
        ObjectNode status = JsonFiles.MAPPER
                .createObjectNode()
                .put("command", command)
                .put("exit_code", exitCode.code())
                .put("message", message)
                .put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        write(STATUS, new String(JsonFiles.pretty(status), StandardCharsets.UTF_8));
    }

    /** Returns the last part of the folder's path. */
    public String name() {
        return dir.replaceFirst("/+$", "").replaceFirst(".*/", "");
    }

    /** Returns whether a file or folder exists. */
    public boolean has(String name) throws IOException {
        return files.exists(new Path(path, name));
    }

    /** Returns the name of a file of the folder for messages. */
    public String shown(String name) {
        return dir + "/" + name;
    }

    /** Returns whether the folder is on an object store. */
    public boolean isObjectStore() {
        return HadoopFiles.isObjectStore(files);
    }

    /** Returns the run's newest committed checkpoint, or null. */
    public RunProgress.Saved newestCheckpoint() throws IOException {
        Path folder = new Path(path, CHECKPOINTS);
        Optional<Checkpoint> newest =
                CheckpointStore.open(folder, files.getConf(), "reader").newest();
        if (newest.isEmpty()) {
            return null;
        }
        Path marker = new Path(new Path(folder, newest.get().name()), CHECKPOINT_MARKER);
        Instant time = Instant.ofEpochMilli(files.getFileStatus(marker).getModificationTime());
        return new RunProgress.Saved(
                newest.get().step(), time.truncatedTo(ChronoUnit.SECONDS).toString());
    }

    /** Returns the manifest that the run trains on, or the dataset's newest; empty if the dataset is not prepared. */
    public Optional<Manifest> manifest(String dataset) throws IOException {
        Manifests manifests = new Manifests(new Path(dataset), files.getConf());
        List<Integer> numbers = manifests.numbers();
        Optional<Integer> begun = read(RUN_YAML)
                .map(yaml ->
                        RunConfigLoader.parse(yaml, RUN_YAML, List.of()).data().generation())
                .filter(numbers::contains);
        if (begun.isPresent()) {
            return Optional.of(manifests.read(begun.get()));
        }
        return numbers.isEmpty()
                ? Optional.empty()
                : Optional.of(manifests.readNewest().manifest());
    }

    /** Returns the text of a file, or empty if the file does not exist. */
    public Optional<String> read(String name) throws IOException {
        try (FSDataInputStream in = files.open(new Path(path, name))) {
            return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    /** Writes a file as a whole. */
    public void write(String name, String text) {
        HadoopFiles.writeWhole(files, new Path(path, name), text.getBytes(StandardCharsets.UTF_8));
    }

    public GrowingFile grow(String name) throws IOException {
        return new GrowingFile(files, new Path(path, name));
    }
}
