package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.JsonFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;

/**
 * A checkpoint's content on this machine.
 *
 * @param model trained parameters
 * @param optimizer the optimizer's state
 * @param state what the trainer gave
 * @param copy files to delete when it is closed; empty when it is read in place
 */
public record LoadedCheckpoint(SafetensorsFile model, SafetensorsFile optimizer, JsonNode state, List<Path> copy)
        implements AutoCloseable {

    public LoadedCheckpoint {
        copy = List.copyOf(copy);
    }

    /**
     * Opens the files of a checkpoint's folder.
     *
     * @param localDir gets a copy of the files unless they are on this machine
     */
    static LoadedCheckpoint open(FileSystem fileSystem, org.apache.hadoop.fs.Path from, Path localDir) {
        if (HadoopFiles.isLocal(fileSystem)) {
            return load(HadoopFiles.local(from), List.of());
        }
        try {
            Files.createDirectories(localDir);
            Path copy = Files.createTempDirectory(localDir, from.getName() + "-");
            List<Path> toDelete = new ArrayList<>();
            for (String name : CheckpointStore.FILES) {
                HadoopFiles.copyToLocal(fileSystem, new org.apache.hadoop.fs.Path(from, name), copy.resolve(name));
                toDelete.add(copy.resolve(name));
            }
            toDelete.add(copy);
            return load(copy, toDelete);
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be copied to " + localDir, from, e);
        }
    }

    private static LoadedCheckpoint load(Path from, List<Path> toDelete) {
        JsonNode state = JsonFiles.readObject(from.resolve(CheckpointStore.STATE));
        SafetensorsFile model = SafetensorsFile.open(from.resolve(CheckpointStore.MODEL));
        try {
            SafetensorsFile optimizer = SafetensorsFile.open(from.resolve(CheckpointStore.OPTIMIZER));
            return new LoadedCheckpoint(model, optimizer, state, toDelete);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    @Override
    public void close() {
        model.close();
        optimizer.close();
        for (Path path : copy) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                throw new UncheckedIOException(path + " can't be deleted: " + e.getMessage(), e);
            }
        }
    }
}
