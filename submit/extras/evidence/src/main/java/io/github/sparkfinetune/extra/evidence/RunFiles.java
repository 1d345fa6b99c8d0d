package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.files.FilesBelow;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.extra.evidence.FileGroup.Role;
import io.github.sparkfinetune.spark.source.SourceFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Files that a run reads and writes. A checkpoint is its {@code COMMITTED}, which has the CRC-32C of the checkpoint's
 * other files.
 */
final class RunFiles {
    static final String MODEL = "model";
    static final String DATASET = "dataset";

    private final RunConfig config;
    private final Configuration hadoop;

    /** @param config configuration with absolute paths */
    RunFiles(RunConfig config, Configuration hadoop) {
        this.config = config;
        this.hadoop = hadoop;
    }

    /** Lists all groups that have files. A source that has changed since the dataset was prepared is left out. */
    List<FileGroup> groups(Manifest manifest) throws IOException {
        List<FileGroup> groups = new ArrayList<>();
        for (Manifest.Source source : manifest.sources()) {
            source(source).ifPresent(groups::add);
        }
        groups.add(folder("base", Role.INPUT, new Path(config.model())));
        if (config.teacher().teaches()) {
            groups.add(folder("teacher", Role.INPUT, new Path(config.teacher().model())));
        }
        groups.add(dataset(manifest));
        Path output = new Path(config.output().dir());
        groups.add(folder(MODEL, Role.OUTPUT, new Path(config.output().model())));
        groups.add(folder("merged", Role.OUTPUT, new Path(output, RunConfigLoader.MERGED)));
        groups.add(group("predictions", below(output, "*predictions*.parquet")));
        groups.add(group("checkpoints", matching(output, "checkpoints/*/COMMITTED")));
        groups.add(group("results", matching(output, "{run.yaml,metrics.json,erasure.json}")));
        groups.removeIf(group -> group.files().isEmpty());
        return groups;
    }

    private Optional<FileGroup> source(Manifest.Source source) throws IOException {
        return SourceFiles.unchanged(source, hadoop).map(files -> {
            URI uri = new Path(source.path()).toUri();
            String root = uri.getScheme() + ":" + (uri.getAuthority() == null ? "" : "//" + uri.getAuthority());
            List<FileGroup.Entry> entries = files.stream()
                    .map(file -> new FileGroup.Entry(
                            file.getPath().toUri().getPath(), file.getPath().toString(), file.getLen()))
                    .toList();
            return new FileGroup(source.key(), Role.INPUT, root, false, entries);
        });
    }

    private FileGroup dataset(Manifest manifest) throws IOException {
        Path folder = new Path(config.dataset());
        Path file = Manifests.file(config, hadoop).orElseThrow();
        FileStatus status = HadoopFiles.fileSystem(file, hadoop).getFileStatus(file);
        FileGroup.Entry first = new FileGroup.Entry(file.getName(), file.toString(), status.getLen());
        Stream<FileGroup.Entry> shards = manifest.splits().values().stream()
                .flatMap(split -> split.shards().stream())
                .map(shard -> shard(folder, shard));
        return new FileGroup(
                DATASET,
                Role.OUTPUT,
                folder.toString(),
                true,
                Stream.concat(Stream.of(first), shards).toList());
    }

    private static FileGroup.Entry shard(Path folder, DatasetSplit.Shard shard) {
        return new FileGroup.Entry(shard.file(), new Path(folder, shard.file()).toString(), shard.bytes());
    }

    /** Returns the files of a folder; their names begin with the folder's name. */
    private FileGroup folder(String name, Role role, Path folder) throws IOException {
        List<FileStatus> files = new ArrayList<>();
        collect(folder, files);
        return new FileGroup(name, role, folder.getParent().toString(), true, entries(folder.getParent(), files));
    }

    private FileGroup group(String name, List<FileStatus> files) {
        Path output = new Path(config.output().dir());
        return new FileGroup(name, Role.OUTPUT, output.toString(), true, entries(output, files));
    }

    private List<FileStatus> below(Path output, String pattern) throws IOException {
        List<FileStatus> files = new ArrayList<>();
        for (FileStatus folder : matching(output, pattern)) {
            collect(folder.getPath(), files);
        }
        return files;
    }

    private List<FileStatus> matching(Path output, String pattern) throws IOException {
        FileStatus[] found = HadoopFiles.fileSystem(output, hadoop).globStatus(new Path(output, pattern));
        return found == null ? List.of() : List.of(found);
    }

    /** Adds the files below a folder, except hidden ones, as Spark skips them. */
    private void collect(Path folder, List<FileStatus> files) throws IOException {
        FileSystem system = HadoopFiles.fileSystem(folder, hadoop);
        try {
            FilesBelow.each(system, folder, file -> {
                if (!FilesBelow.isHidden(folder, file.getPath())) {
                    files.add(file);
                }
            });
        } catch (FileNotFoundException e) {
            // A run without such a folder has no such files.
            return;
        }
    }

    private static String below(Path root, FileStatus file) {
        return file.getPath().toUri().getPath().substring(root.toUri().getPath().length());
    }

    private static List<FileGroup.Entry> entries(Path root, List<FileStatus> files) {
        return files.stream()
                .map(file -> new FileGroup.Entry(
                        below(root, file).substring(1), file.getPath().toString(), file.getLen()))
                .toList();
    }
}
