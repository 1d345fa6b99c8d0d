package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.JsonFiles;
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
 * The checkpoints of one run, a folder each below {@code OUTPUT/checkpoints}, on any Hadoop file system. A folder is
 * named {@code step-STEP-ATTEMPT}: the optimizer steps done, in at least 8 digits, and the {@link Checkpoint#attempt}
 * that wrote it, e.g. {@code step-00000050-4f2a-0}. Folders of other names are not looked at. It holds, in the order in
 * which they are written:
 *
 * <ol>
 *   <li>{@code model.safetensors}: the trained parameters, F32, by the names of Hugging Face's
 *       {@code named_parameters()}. An adapter's are {@code MODULE.lora_A} [r, in], {@code MODULE.lora_B} [out, r] and,
 *       for DoRA, {@code MODULE.lora_magnitude} [out], where MODULE is the linear's name in the base model. Frozen
 *       weights are not in it: a resume reads them from the base model
 *   <li>{@code optimizer.safetensors}: the optimizer's state, F32; for AdamW {@code exp_avg.PARAMETER} and
 *       {@code exp_avg_sq.PARAMETER}, of the parameter's shape. Where it is sharded over N ranks each has a file of its
 *       own, {@code optimizer-00001-of-N.safetensors} and so on, N in five digits, too. Of a parameter that two ranks
 *       or more share each file holds a stretch, flat, named as {@link TensorRange} says
 *   <li>{@code state.json}: whatever else the trainer needs, in UTF-8; its fields are those of
 *       {@code io.github.sparkfinetune.core.train.TrainState}
 *   <li>{@code COMMITTED}: size and checksum of each of the three files, see {@link CommitMarker}; the other ranks'
 *       share is listed by a marker of theirs, {@code COMMITTED-00002-of-N} and so on, once it is written
 *   <li>{@code FINAL}, a single newline, once the run has ended with this checkpoint
 * </ol>
 *
 * <p>The tensors' files are written by {@link SafetensorsWriter}, in the order of the model and with the metadata
 * {@code format: pt}. A reader finds tensors by name.
 *
 * <p>A folder counts once {@code COMMITTED}, and the markers of all ranks whose shares it tells of, are there and the
 * sizes that they list are those of the files; every other one is passed over. So ranks write without waiting for each
 * other. {@link #newestSound} compares the checksums, too. So nothing depends on renames, which object stores do not do
 * at once. The newest checkpoint is the one of the highest step, among equals the one whose attempt is the last in the
 * order of its text. One that is not needed any more loses {@code COMMITTED} first, then the rest.
 *
 * <p>An earlier attempt may still be running when the next one starts. It can not disturb it: every folder carries its
 * attempt's name, and a store deletes only what its own attempt wrote or what was there when it was opened.
 *
 * <p>When the file system fails, an {@link UncheckedIOException} with the path is thrown; a retry may succeed.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);

    private static final String FINAL = "FINAL";

    private final Path folder;
    private final FileSystem fileSystem;
    private final String attempt;
    private final Set<Checkpoint> thereBefore;
    private Checkpoint newestOwn;

    private CheckpointStore(Path folder, FileSystem fileSystem, String attempt) {
        this.folder = folder;
        this.fileSystem = fileSystem;
        this.attempt = attempt;
        this.thereBefore = Set.copyOf(folders());
    }

    /**
     * The checkpoints in a folder, which need not exist yet.
     *
     * @param attempt name of this attempt; letters, digits and hyphens
     */
    public static CheckpointStore open(Path folder, Configuration hadoop, String attempt) {
        return new CheckpointStore(folder, HadoopFiles.fileSystem(folder, hadoop), attempt);
    }

    /**
     * Writes a checkpoint but for the other ranks' shares of the optimizer's state.
     *
     * @param step optimizer steps done; once only in an attempt
     * @param share this rank's, the first one
     * @param model content of the file of trained parameters
     * @param optimizer content of the file of its share of the optimizer's state
     * @param state whatever else the trainer needs to go on
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

    /** This attempt's checkpoint of a step. */
    Checkpoint checkpoint(long step) {
        return new Checkpoint(step, attempt);
    }

    /** Marks the checkpoint that the run ended with; it is kept, and a later attempt finds the work done. */
    public void markFinal(Checkpoint checkpoint) {
        HadoopFiles.write(fileSystem, folder(checkpoint).path(FINAL), out -> out.write('\n'));
    }

    /** The checkpoint that the run ended with, once it has. */
    public Optional<Checkpoint> finalCheckpoint() {
        return committed().stream()
                .filter(checkpoint -> folder(checkpoint).files().containsKey(FINAL))
                .findFirst();
    }

    /** Committed checkpoints of all attempts, the newest first. */
    public List<Checkpoint> committed() {
        return folders().stream()
                .filter(checkpoint -> folder(checkpoint).isCommitted())
                .sorted(Checkpoint.NEWEST_FIRST)
                .toList();
    }

    /** The final checkpoint, or else the committed one of the highest step. */
    public Optional<Checkpoint> newest() {
        return finalCheckpoint().or(() -> committed().stream().findFirst());
    }

    /**
     * The newest whose files are what was written, see {@link #newest}; one that is damaged is passed over for the one
     * before. Reads all of them.
     */
    public Optional<Checkpoint> newestSound() {
        return newest().flatMap(newest -> from(newest).stream()
                .filter(files -> check(files).isSound())
                .map(CheckpointFiles::checkpoint)
                .findFirst());
    }

    /** A committed checkpoint, then those before it, the newest first; reads no more than their markers. */
    public List<CheckpointFiles> from(Checkpoint newest) {
        return Stream.concat(
                        Stream.of(newest),
                        committed().stream()
                                .filter(checkpoint -> Checkpoint.NEWEST_FIRST.compare(newest, checkpoint) < 0))
                .flatMap(checkpoint -> folder(checkpoint).files(checkpoint).stream())
                .toList();
    }

    /** Returns the check of a checkpoint's files against what was written. */
    public CheckpointCheck check(CheckpointFiles files) {
        return new CheckpointCheck(fileSystem, folder(files.checkpoint()).path(), files);
    }

    /** What the trainer has beside tensors in a committed checkpoint. */
    public JsonNode state(Checkpoint checkpoint) {
        Path file = folder(checkpoint).path(CheckpointFolder.STATE);
        try {
            return JsonFiles.parseObject(HadoopFiles.readText(fileSystem, file), file.toString());
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be read", file, e);
        }
    }

    /**
     * Opens a committed checkpoint.
     *
     * @param localDir gets a copy of the files unless they are on this machine
     * @throws UncheckedIOException when it is not there any more, or not whole
     */
    public LoadedCheckpoint read(Checkpoint checkpoint, java.nio.file.Path localDir) {
        return read(files(checkpoint), Optional.empty(), localDir, () -> {});
    }

    /**
     * Opens a committed checkpoint with what of the optimizer's state is needed.
     *
     * @param localDir gets a copy of the model and of that state, unless the files are on this machine
     * @param progressed called now and then by the caller's thread while bytes come; what it throws ends the reading
     * @throws UncheckedIOException when it is not there any more
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
     * The files of a committed checkpoint.
     *
     * @throws UncheckedIOException when it is not there any more, or not whole
     */
    public CheckpointFiles files(Checkpoint checkpoint) {
        return folder(checkpoint)
                .files(checkpoint)
                .orElseThrow(() -> HadoopFiles.failed(
                        "can't be read",
                        folder(checkpoint).path(),
                        new IOException("it is not a committed checkpoint")));
    }

    /**
     * Deletes checkpoints that are not needed any more, and what attempts before this one left unfinished below the
     * newest committed step. What can't be deleted stays, with a warning.
     *
     * @param keep newest checkpoints kept, at least 1
     * @param protectedSteps kept beside these, as is the final one
     */
    public void prune(int keep, Set<Long> protectedSteps) {
        if (keep < 1) {
            throw new IllegalArgumentException("keep " + keep);
        }
        try {
            deleteAllBut(keep, protectedSteps);
        } catch (UncheckedIOException e) {
            LOG.warn("old checkpoints stay: {}", e.getMessage());
        }
    }

    private void deleteAllBut(int keep, Set<Long> protectedSteps) {
        List<Checkpoint> committed = committed();
        if (committed.isEmpty()) {
            return;
        }
        committed.stream()
                .filter(this::mayDelete)
                // This attempt's newest is kept whatever lies above it, which it found damaged and passed over.
                .sorted(Comparator.comparing(checkpoint -> !checkpoint.equals(newestOwn)))
                .filter(checkpoint -> !protectedSteps.contains(checkpoint.step())
                        && !folder(checkpoint).files().containsKey(FINAL))
                .skip(keep)
                .forEach(this::delete);
        long newest = committed.get(0).step();
        Set<Checkpoint> whole = new HashSet<>(committed);
        folders().stream()
                .filter(checkpoint -> !whole.contains(checkpoint) && checkpoint.step() < newest)
                .filter(this::mayDelete)
                .forEach(this::delete);
    }

    private boolean mayDelete(Checkpoint checkpoint) {
        return checkpoint.attempt().equals(attempt) || thereBefore.contains(checkpoint);
    }

    private void delete(Checkpoint checkpoint) {
        // First of all it must cease to count: deleting a folder is not one action everywhere.
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
            throw HadoopFiles.failed("can't be listed", folder, e);
        }
    }
}
