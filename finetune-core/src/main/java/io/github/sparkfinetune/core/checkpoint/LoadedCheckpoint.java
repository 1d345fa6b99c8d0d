package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.safetensors.PartialCopy;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;

/**
 * Content of a checkpoint on this machine.
 *
 * @param model trained parameters
 * @param optimizer the optimizer's state, or the needed part
 * @param state the trainer's other state
 * @param copy folder that is deleted on close; empty if the checkpoint is read in place
 */
public record LoadedCheckpoint(SafetensorsFile model, StoredState optimizer, JsonNode state, Optional<Path> copy)
        implements AutoCloseable {

    /** Location of the files, and their way to this machine. */
    private record Source(FileSystem fileSystem, org.apache.hadoop.fs.Path from, Path folder, Runnable progressed) {
        boolean isLocal() {
            return HadoopFiles.isLocal(fileSystem);
        }

        /** Returns a whole file on this machine. */
        Path whole(String name) {
            Path file = folder.resolve(name);
            if (!isLocal()) {
                HadoopFiles.copyToLocal(fileSystem, new org.apache.hadoop.fs.Path(from, name), file, progressed);
            }
            return file;
        }

        /** Adds the needed part of a file of the optimizer's state. */
        void addTo(StoredState state, String name, NeededState needed) {
            Path file = folder.resolve(name);
            if (isLocal()) {
                state.add(SafetensorsFile.open(file));
                return;
            }
            PartialCopy copy = new PartialCopy(fileSystem, new org.apache.hadoop.fs.Path(from, name), file, progressed);
            SafetensorsFile opened = copy.open();
            state.add(opened);
            copy.copy(state.ranges(opened, needed));
        }
    }

    /**
     * Opens a checkpoint.
     *
     * @param from the checkpoint's folder
     * @param needed part of the optimizer's state that is opened; empty for all
     * @param localDir folder for a copy of the needed files, unless they are on this machine
     * @param progressed called now and then while bytes arrive
     */
    static LoadedCheckpoint open(
            FileSystem fileSystem,
            org.apache.hadoop.fs.Path from,
            CheckpointFiles files,
            Optional<NeededState> needed,
            Path localDir,
            Runnable progressed) {
        if (HadoopFiles.isLocal(fileSystem)) {
            Source source = new Source(fileSystem, from, HadoopFiles.local(from), progressed);
            return load(source, files, needed, Optional.empty());
        }
        try {
            Files.createDirectories(localDir);
            Path copy = Files.createTempDirectory(localDir, from.getName() + "-");
            try {
                return load(new Source(fileSystem, from, copy, progressed), files, needed, Optional.of(copy));
            } catch (RuntimeException e) {
                HadoopFiles.deleteLocal(copy);
                throw e;
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be copied to " + localDir, from, e);
        }
    }

    private static LoadedCheckpoint load(
            Source source, CheckpointFiles files, Optional<NeededState> needed, Optional<Path> copy) {
        StoredState optimizer = new StoredState();
        try {
            JsonNode state = JsonFiles.readObject(source.whole(CheckpointFolder.STATE));
            if (needed.isEmpty()) {
                files.optimizer().forEach(name -> optimizer.add(SafetensorsFile.open(source.whole(name))));
            } else {
                addNeeded(source, files.optimizer(), needed.get(), optimizer);
            }
            SafetensorsFile model = SafetensorsFile.open(source.whole(CheckpointFolder.MODEL));
            return new LoadedCheckpoint(model, optimizer, state, copy);
        } catch (RuntimeException e) {
            optimizer.close();
            throw e;
        }
    }

    /**
     * Adds files, beginning with that of the same share: if as many ranks wrote the files, each rank needs only one
     * file.
     */
    private static void addNeeded(Source source, List<String> files, NeededState needed, StoredState optimizer) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            order.add(i);
        }
        double near =
                (needed.share().index() + 0.5) * files.size() / needed.share().count() - 0.5;
        order.sort(Comparator.comparingDouble(index -> Math.abs(index - near)));
        for (int index : order) {
            if (optimizer.holds(needed)) {
                return;
            }
            source.addTo(optimizer, files.get(index), needed);
        }
    }

    @Override
    public void close() {
        model.close();
        optimizer.close();
        copy.ifPresent(HadoopFiles::deleteLocal);
    }
}
