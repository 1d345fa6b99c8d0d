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
public record LoadedCheckpoint(SafetensorsFile model, StoredState optimizer, JsonNode state, List<Path> copy)
        implements AutoCloseable {

    public LoadedCheckpoint {
        copy = List.copyOf(copy);
    }

    /**
     * Opens the files of a checkpoint's folder.
     *
     * @param optimizer names of the files of the optimizer's state
     * @param localDir gets a copy of the files unless they are on this machine
     */
    static LoadedCheckpoint open(
            FileSystem fileSystem, org.apache.hadoop.fs.Path from, List<String> optimizer, Path localDir) {
        if (HadoopFiles.isLocal(fileSystem)) {
            return load(HadoopFiles.local(from), optimizer, List.of());
        }
        try {
            Files.createDirectories(localDir);
            Path copy = Files.createTempDirectory(localDir, from.getName() + "-");
            List<Path> toDelete = new ArrayList<>();
            List<String> names = new ArrayList<>(optimizer);
            names.add(CheckpointFolder.MODEL);
            names.add(CheckpointFolder.STATE);
            for (String name : names) {
                HadoopFiles.copyToLocal(fileSystem, new org.apache.hadoop.fs.Path(from, name), copy.resolve(name));
                toDelete.add(copy.resolve(name));
            }
            toDelete.add(copy);
            return load(copy, optimizer, toDelete);
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be copied to " + localDir, from, e);
        }
    }

    private static LoadedCheckpoint load(Path from, List<String> optimizer, List<Path> toDelete) {
        JsonNode state = JsonFiles.readObject(from.resolve(CheckpointFolder.STATE));
        List<SafetensorsFile> files = new ArrayList<>();
        try {
            for (String name : optimizer) {
                files.add(SafetensorsFile.open(from.resolve(name)));
            }
            StoredState moments = new StoredState(files);
            SafetensorsFile model = SafetensorsFile.open(from.resolve(CheckpointFolder.MODEL));
            return new LoadedCheckpoint(model, moments, state, toDelete);
        } catch (RuntimeException e) {
            files.forEach(SafetensorsFile::close);
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
