package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checkpoints of one run, each a folder below {@code OUTPUT/checkpoints}, on any Hadoop file system. A folder is named
 * {@code step-STEP-ATTEMPT}: the number of completed optimizer steps, in at least 8 digits, and the
 * {@link Checkpoint#attempt} that wrote it, e.g. {@code step-00000050-4f2a-0}. Folders with other names are ignored. A
 * folder's files, in the order of writing, are:
 *
 * <ol>
 *   <li>{@code model.safetensors}: the trained parameters in F32, by the names of Hugging Face's
 *       {@code named_parameters()}. An adapter's parameters are {@code MODULE.lora_A} [r, in], {@code MODULE.lora_B}
 *       [out, r] and, for DoRA, {@code MODULE.lora_magnitude} [out], where MODULE is the linear's name in the base
 *       model. Frozen weights are not stored: a resume reads them from the base model. Parameters of which each rank
 *       holds a share are in the ranks' files instead.
 *   <li>{@code optimizer.safetensors}: the optimizer's state in F32; for AdamW {@code exp_avg.PARAMETER} and
 *       {@code exp_avg_sq.PARAMETER}, of the parameter's shape. If the state is sharded over N ranks, each rank has its
 *       own file: {@code optimizer-00001-of-N.safetensors} and so on, with N in five digits too. If several ranks share
 *       a parameter, each file holds a flat range of its values, named as in {@link TensorRange}. If the ranks also
 *       share the weights, each file holds the rank's share of them too, under the parameters' names.
 *   <li>{@code state.json}: the trainer's other state, in UTF-8; its fields are those of
 *       {@code io.github.sparkfinetune.core.train.TrainState}.
 *   <li>{@code COMMITTED}: size and checksum of each of the three files; see {@link CommitMarker}. Each other rank's
 *       share has its own marker, {@code COMMITTED-00002-of-N} and so on, once the share is written.
 *   <li>{@code FINAL}, a single newline, once the run has ended with this checkpoint.
 * </ol>
 *
 * <p>{@link io.github.sparkfinetune.core.safetensors.SafetensorsWriter} writes the tensors' files in the order of the
 * model and with the metadata {@code format: pt}. A reader finds tensors by name.
 *
 * <p>A folder is committed once {@code COMMITTED} and the markers of all its ranks exist and list the actual sizes of
 * the files. Readers skip other folders. So ranks write without waiting for each other, and nothing depends on renames,
 * which are not atomic on object stores. {@link #newestSound} also compares the checksums. The newest checkpoint has
 * the highest step; among equal steps it has the last attempt in the order of text. Deleting a checkpoint removes
 * {@code COMMITTED} first.
 *
 * <p>An earlier attempt may still be running when the next attempt starts. It cannot disturb the next attempt: every
 * folder carries its attempt's name, and a store deletes only folders of its own attempt, or that existed when it was
 * opened.
 *
 * <p>If the file system fails, an {@link UncheckedIOException} with the path is thrown; a retry may succeed.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);

    static final String FINAL = "FINAL";

    private final Path folder;
    private final FileSystem fileSystem;
    private final String attempt;
    private final Set<Checkpoint> existing;
    private Checkpoint newestOwn;

    private CheckpointStore(Path folder, FileSystem fileSystem, String attempt) {
        this.folder = folder;
        this.fileSystem = fileSystem;
        this.attempt = attempt;
        this.existing = Set.copyOf(folders());
    }

    /**
     * Opens the checkpoints of a folder, which need not exist yet.
     *
     * @param attempt name of this attempt; letters, digits and hyphens
     */
    public static CheckpointStore open(Path folder, Configuration hadoop, String attempt) {
        return new CheckpointStore(folder, HadoopFiles.fileSystem(folder, hadoop), attempt);
    }

    /**
     * Writes a checkpoint without the other ranks' shares of the optimizer's state.
     *
     * @param step number of completed optimizer steps; only once in an attempt
     * @param share this rank's share, the first one
     * @param model content of the file of trained parameters
     * @param optimizer content of the file of this rank's share of the optimizer's state
     * @param state the trainer's other state
     */
    Checkpoint commit(
            long step,
            OptimizerShare share,
            CheckpointOutput.Content model,
            CheckpointOutput.Content optimizer,
            JsonNode state) {
        Map<String, CheckpointOutput.Content> contents = new LinkedHashMap<>();
        contents.put(CheckpointFolder.MODEL, model);
        contents.put(share.file(), optimizer);
        contents.put(CheckpointFolder.STATE, out -> out.write(JsonFiles.pretty(state)));
        Checkpoint checkpoint = checkpoint(step);
        folder(checkpoint).write(share, contents);
        newestOwn = checkpoint;
        return checkpoint;
    }

    /** Writes another rank's share of the optimizer's state. */
    void commitShare(long step, OptimizerShare share, CheckpointOutput.Content optimizer) {
        folder(checkpoint(step)).write(share, Map.of(share.file(), optimizer));
    }

    /** Returns this attempt's checkpoint of a step. */
    Checkpoint checkpoint(long step) {
        return new Checkpoint(step, attempt);
    }

    /**
     * Marks the checkpoint that the run ended with. The checkpoint is kept, and later attempts know that the run is
     * done.
     */
    public void markFinal(Checkpoint checkpoint) {
        HadoopFiles.write(fileSystem, folder(checkpoint).path(FINAL), out -> out.write('\n'));
    }

    /** Returns the checkpoint that the run ended with, if it has ended. */
    public Optional<Checkpoint> finalCheckpoint() {
        return committed().stream()
                .filter(checkpoint -> folder(checkpoint).files().containsKey(FINAL))
                .findFirst();
    }

    /** Returns the committed checkpoints of all attempts, the newest first. */
    public List<Checkpoint> committed() {
        return folders().stream()
                .filter(checkpoint -> folder(checkpoint).isCommitted())
                .sorted(Checkpoint.NEWEST_FIRST)
                .toList();
    }

    /** Returns the final checkpoint, or else the committed checkpoint of the highest step. */
    public Optional<Checkpoint> newest() {
        return finalCheckpoint().or(() -> committed().stream().findFirst());
    }

    /**
     * Returns the newest checkpoint, as in {@link #newest}, whose files are unchanged since they were written. Reads
     * all files of the checkpoints that it tries; a damaged checkpoint is skipped.
     */
    public Optional<Checkpoint> newestSound() {
        return newest().flatMap(newest -> from(newest).stream()
                .filter(files -> check(files).isSound())
                .map(CheckpointFiles::checkpoint)
                .findFirst());
    }

    /** Returns a committed checkpoint and the older ones, the newest first. Reads only their markers. */
    public List<CheckpointFiles> from(Checkpoint newest) {
        return Stream.concat(
                        Stream.of(newest),
                        committed().stream()
                                .filter(checkpoint -> Checkpoint.NEWEST_FIRST.compare(newest, checkpoint) < 0))
                .flatMap(checkpoint -> folder(checkpoint).files(checkpoint).stream())
                .toList();
    }

    /** Returns the check that a checkpoint's files are unchanged since they were written. */
    public CheckpointCheck check(CheckpointFiles files) {
        return new CheckpointCheck(fileSystem, folder(files.checkpoint()).path(), files);
    }

    /** Returns the trainer's state beside the tensors of a committed checkpoint. */
    public JsonNode state(Checkpoint checkpoint) {
        Path file = folder(checkpoint).path(CheckpointFolder.STATE);
        try {
            return JsonFiles.parseObject(HadoopFiles.readText(fileSystem, file), file.toString());
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be read", file, e);
        }
    }

    /**
     * Opens a committed checkpoint.
     *
     * @param localDir folder for a copy of the files unless they are on this machine
     * @throws UncheckedIOException if the checkpoint does not exist any more, or is incomplete
     */
    public LoadedCheckpoint read(Checkpoint checkpoint, java.nio.file.Path localDir) {
        return read(files(checkpoint), Optional.empty(), localDir, () -> {});
    }

    /**
     * Opens a committed checkpoint with the needed part of the optimizer's state.
     *
     * @param localDir folder for a copy of the model and of that part, unless the files are on this machine
     * @param progressed called now and then by the caller's thread while bytes arrive; its exceptions end the reading
     * @throws UncheckedIOException if the checkpoint does not exist any more
     */
    public LoadedCheckpoint read(
            CheckpointFiles files, NeededState needed, java.nio.file.Path localDir, Runnable progressed) {
        return read(files, Optional.of(needed), localDir, progressed);
    }

    private LoadedCheckpoint read(
            CheckpointFiles files, Optional<NeededState> needed, java.nio.file.Path localDir, Runnable progressed) {
        Path from = folder(files.checkpoint()).path();
        return LoadedCheckpoint.open(fileSystem, from, files, needed, localDir, progressed);
    }

    /**
     * Returns the files of a committed checkpoint.
     *
     * @throws UncheckedIOException if the checkpoint does not exist any more, or is incomplete
     */
    public CheckpointFiles files(Checkpoint checkpoint) {
        return folder(checkpoint)
                .files(checkpoint)
                .orElseThrow(() -> HadoopFiles.failed(
                        "cannot be read",
                        folder(checkpoint).path(),
                        new IOException("it is not a committed checkpoint")));
    }

    /**
     * Deletes checkpoints that are not needed any more, and unfinished folders of earlier attempts below the newest
     * committed step. The final checkpoint stays, and those that cannot be deleted, with a warning.
     */
    public void prune(Retention kept) {
        try {
            deleteAllBut(kept);
        } catch (UncheckedIOException e) {
            LOG.warn("old checkpoints stay: {}", e.getMessage());
        }
    }

    /** Deletes all checkpoints after a step, also unfinished ones; returns the committed ones, the newest first. */
    public List<Checkpoint> deleteAfter(long step) {
        List<Checkpoint> deleted =
                committed().stream().filter(one -> one.step() > step).toList();
        folders().stream().filter(one -> one.step() > step).forEach(this::delete);
        return deleted;
    }

    private void deleteAllBut(Retention kept) {
        List<Checkpoint> committed = committed();
        if (committed.isEmpty()) {
            return;
        }
        Set<Long> protectedSteps = kept.protectedSteps(committed);
        committed.stream()
                .filter(this::mayDelete)
                // This attempt's newest is kept even below newer ones, which this attempt skipped as damaged.
                .sorted(Comparator.comparing(checkpoint -> !checkpoint.equals(newestOwn)))
                .filter(checkpoint -> !protectedSteps.contains(checkpoint.step())
                        && !folder(checkpoint).files().containsKey(FINAL))
                .skip(kept.limit())
                .forEach(this::delete);
        long newest = committed.get(0).step();
        Set<Checkpoint> whole = new HashSet<>(committed);
        folders().stream()
                .filter(checkpoint -> !whole.contains(checkpoint) && checkpoint.step() < newest)
                .filter(this::mayDelete)
                .forEach(this::delete);
    }

    private boolean mayDelete(Checkpoint checkpoint) {
        return checkpoint.attempt().equals(attempt) || existing.contains(checkpoint);
    }

    private void delete(Checkpoint checkpoint) {
        // The marker goes first, because deleting a folder is not atomic everywhere.
        HadoopFiles.delete(fileSystem, folder(checkpoint).path(OptimizerShare.WHOLE.marker()));
        HadoopFiles.delete(fileSystem, folder(checkpoint).path());
    }

    private CheckpointFolder folder(Checkpoint checkpoint) {
        return new CheckpointFolder(fileSystem, new Path(folder, checkpoint.name()));
    }

    private List<Checkpoint> folders() {
        try {
            return Arrays.stream(fileSystem.listStatus(folder))
                    .filter(FileStatus::isDirectory)
                    .flatMap(status -> Checkpoint.ofName(status.getPath().getName()).stream())
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be listed", folder, e);
        }
    }
}
