package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.safetensors.PartialCopy;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
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
 * @param model trained parameters that every rank of the run held whole
 * @param shares the optimizer's state and the ranks' shares of trained parameters, or the needed part
 * @param state the trainer's other state
 * @param copy folder that is deleted on close; empty if the checkpoint is read in place
 */
public record LoadedCheckpoint(SafetensorsFile model, StoredState shares, JsonNode state, Optional<Path> copy)
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
        SafetensorsFile model = SafetensorsFile.open(source.whole(CheckpointFolder.MODEL));
        StoredState shares = new StoredState();
        try {
            JsonNode state = JsonFiles.readObject(source.whole(CheckpointFolder.STATE));
            if (needed.isEmpty()) {
                files.optimizer().forEach(name -> shares.add(SafetensorsFile.open(source.whole(name))));
            } else {
                addNeeded(source, files.optimizer(), needed.get().without(model.names()), shares);
            }
            return new LoadedCheckpoint(model, shares, state, copy);
        } catch (RuntimeException e) {
            shares.close();
            model.close();
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

    /**
     * Reads values of a trained parameter, or of a share of it.
     *
     * @param name name as in {@link TensorRange}
     * @param skipped bytes that are skipped at the start
     * @param target filled from its position to its limit, which do not move
     * @throws io.github.sparkfinetune.conf.error.RunException if some of the values are missing
     */
    public void readParameter(String name, long skipped, ByteBuffer target) {
        TensorRange range = TensorRange.ofName(name);
        if (model.names().contains(range.tensor())) {
            long begin = range.from() * model.info(range.tensor()).dtype().bytes();
            model.read(range.tensor(), begin + skipped, target);
        } else {
            shares.read(name, skipped, target);
        }
    }

    /** Returns the shape of a parameter, or empty if the checkpoint has only shares of it. */
    public Optional<long[]> shape(String parameter) {
        return model.names().contains(parameter)
                ? Optional.of(model.info(parameter).shape())
                : Optional.empty();
    }

    @Override
    public void close() {
        model.close();
        shares.close();
        copy.ifPresent(HadoopFiles::deleteLocal);
    }
}
