package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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
