package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Folder of one checkpoint, and whether it is committed. {@link CheckpointStore} describes its content. */
final class CheckpointFolder {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointFolder.class);

    static final String MODEL = "model.safetensors";
    static final String STATE = "state.json";

    /** Files that one rank has written, as its marker lists them. */
    private record Listed(OptimizerShare share, JsonNode marker) {
        List<String> names() {
            return share.index() == 0 ? List.of(MODEL, share.file(), STATE) : List.of(share.file());
        }
    }

    private final FileSystem fileSystem;
    private final Path path;

    CheckpointFolder(FileSystem fileSystem, Path path) {
        this.fileSystem = fileSystem;
        this.path = path;
    }

    Path path() {
        return path;
    }

    Path path(String name) {
        return new Path(path, name);
    }

    /** Returns the folder's files with their sizes; empty if the folder does not exist. */
    Map<String, Long> files() {
        try {
            Map<String, Long> files = new HashMap<>();
            for (FileStatus status : fileSystem.listStatus(path)) {
                files.put(status.getPath().getName(), status.getLen());
            }
            return files;
        } catch (FileNotFoundException e) {
            return Map.of();
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be listed", path, e);
        }
    }

    /** Returns whether every rank of the checkpoint has written all of its files. */
    boolean isCommitted() {
        return !committed().isEmpty();
    }

    /** Returns the files of a checkpoint; empty if it is not committed. */
    Optional<CheckpointFiles> files(Checkpoint checkpoint) {
        List<CheckpointFiles.Listed> files = new ArrayList<>();
        for (Listed listed : committed()) {
            for (String name : listed.names()) {
                long size = listed.marker().path(name).longValue();
                files.add(new CheckpointFiles.Listed(name, size, CommitMarker.checksum(listed.marker(), name)));
            }
        }
        return files.isEmpty() ? Optional.empty() : Optional.of(new CheckpointFiles(checkpoint, files));
    }

    /** Returns the files of all ranks; empty if a marker is missing or wrong. */
    private List<Listed> committed() {
        Map<String, Long> files = files();
        List<Listed> all = new ArrayList<>();
        OptimizerShare share = OptimizerShare.WHOLE;
        for (int index = 0; index < share.count(); index++) {
            share = share.other(index);
            Optional<Listed> listed = files.containsKey(share.marker()) ? whole(share, files) : Optional.empty();
            if (listed.isEmpty()) {
                return List.of();
            }
            all.add(listed.get());
            share = listed.get().share();
        }
        return all;
    }

    /** Returns a rank's files if they have the sizes that its marker lists. */
    private Optional<Listed> whole(OptimizerShare share, Map<String, Long> files) {
        Path marker = path(share.marker());
        try {
            JsonNode json = JsonFiles.parseObject(HadoopFiles.readText(fileSystem, marker), marker.toString());
            Listed listed = new Listed(share.index() == 0 ? OptimizerShare.first(json.fieldNames()) : share, json);
            if (listed.names().stream().allMatch(name -> CommitMarker.hasSize(json, name, files.get(name)))) {
                return Optional.of(listed);
            }
            LOG.warn("{} is skipped: its files do not have the sizes that {} lists", path, share.marker());
            return Optional.empty();
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (RunException e) {
            LOG.warn("{} is skipped: {}", path, e.getMessage());
            return Optional.empty();
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be read", marker, e);
        }
    }

    /** Writes files, and last the marker that lists them. */
    void write(OptimizerShare share, Map<String, CheckpointOutput.Content> contents) {
        if (files().containsKey(share.marker())) {
            throw new IllegalStateException(path(share.marker()) + " already exists");
        }
        CommitMarker marker = new CommitMarker();
        contents.forEach((name, content) -> marker.write(fileSystem, path(name), content));
        HadoopFiles.write(fileSystem, path(share.marker()), out -> out.write(marker.toJson()));
        if (whole(share, files()).isEmpty()) {
            throw HadoopFiles.failed("was written incompletely", path, new IOException("file sizes differ"));
        }
    }
}
