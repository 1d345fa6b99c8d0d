package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.JsonFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
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
 *       {@code exp_avg_sq.PARAMETER}, of the parameter's shape
 *   <li>{@code state.json}: whatever else the trainer needs, in UTF-8; its fields are those of
 *       {@code io.github.sparkfinetune.core.train.TrainState}
 *   <li>{@code COMMITTED}: size and checksum of each of the three files, see {@link CommitMarker}
 *   <li>{@code FINAL}, a single newline, once the run has ended with this checkpoint
 * </ol>
 *
 * <p>The tensors' files are written by {@link SafetensorsWriter}, in the order of the model and with the metadata
 * {@code format: pt}. A reader finds tensors by name.
 *
 * <p>A folder counts once {@code COMMITTED} is there and the sizes that it lists are those of the files; every other
 * one is passed over. {@link #newestSound} compares the checksums, too. So nothing depends on renames, which object
 * stores do not do at once. The newest checkpoint is the one of the highest step, among equals the one whose attempt is
 * the last in the order of its text. One that is not needed any more loses {@code COMMITTED} first, then the rest.
 *
 * <p>An earlier attempt may still be running when the next one starts. It can not disturb it: every folder carries its
 * attempt's name, and a store deletes only what its own attempt wrote or what was there when it was opened.
 *
 * <p>When the file system fails, an {@link UncheckedIOException} with the path is thrown; a retry may succeed.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);

    private static final String COMMITTED = "COMMITTED";
    private static final String FINAL = "FINAL";
    static final String MODEL = "model.safetensors";
    static final String OPTIMIZER = "optimizer.safetensors";
    static final String STATE = "state.json";
    static final List<String> FILES = List.of(MODEL, OPTIMIZER, STATE);

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
     * Writes a checkpoint; it is committed when this returns.
     *
     * @param step optimizer steps done; once only in an attempt
     * @param model content of the file of trained parameters
     * @param optimizer content of the file of the optimizer's state
     * @param state whatever else the trainer needs to go on
     */
    Checkpoint commit(long step, CheckpointOutput.Content model, CheckpointOutput.Content optimizer, JsonNode state) {
        Checkpoint checkpoint = checkpoint(step);
        if (isCommitted(checkpoint)) {
            throw new IllegalStateException(path(checkpoint) + " is committed already");
        }
        CommitMarker marker = new CommitMarker();
        marker.write(fileSystem, new Path(path(checkpoint), MODEL), model);
        marker.write(fileSystem, new Path(path(checkpoint), OPTIMIZER), optimizer);
        marker.write(fileSystem, new Path(path(checkpoint), STATE), out -> out.write(JsonFiles.pretty(state)));
        write(checkpoint, COMMITTED, out -> out.write(marker.toJson()));
        if (!isCommitted(checkpoint)) {
            throw HadoopFiles.failed(
                    "was written but is not whole", path(checkpoint), new IOException("file sizes differ"));
        }
        newestOwn = checkpoint;
        return checkpoint;
    }

    /** This attempt's checkpoint of a step. */
    Checkpoint checkpoint(long step) {
        return new Checkpoint(step, attempt);
    }

    private void write(Checkpoint checkpoint, String name, HadoopFiles.Content content) {
        HadoopFiles.write(fileSystem, new Path(path(checkpoint), name), content);
    }

    /** Marks the checkpoint that the run ended with; it is kept, and a later attempt finds the work done. */
    public void markFinal(Checkpoint checkpoint) {
        write(checkpoint, FINAL, out -> out.write('\n'));
    }

    /** The checkpoint that the run ended with, once it has. */
    public Optional<Checkpoint> finalCheckpoint() {
        return committed().stream()
                .filter(checkpoint -> files(checkpoint).containsKey(FINAL))
                .findFirst();
    }

    /** Committed checkpoints of all attempts, the newest first. */
    public List<Checkpoint> committed() {
        return folders().stream()
                .filter(this::isCommitted)
                .sorted(Checkpoint.NEWEST_FIRST)
                .toList();
    }

    /** The final checkpoint, or else the committed one of the highest step. */
    public Optional<Checkpoint> newest() {
        return finalCheckpoint().or(() -> committed().stream().findFirst());
    }

    /** The same, but one whose files are not what was written is passed over for the one before. Reads all of them. */
    public Optional<Checkpoint> newestSound() {
        return Stream.concat(finalCheckpoint().stream(), committed().stream())
                .filter(this::isSound)
                .findFirst();
    }

    private boolean isSound(Checkpoint checkpoint) {
        Path marker = new Path(path(checkpoint), COMMITTED);
        try {
            JsonNode listed = JsonFiles.parseObject(HadoopFiles.readText(fileSystem, marker), marker.toString());
            for (String name : FILES) {
                if (!CommitMarker.isSound(listed, fileSystem, new Path(path(checkpoint), name))) {
                    LOG.warn(
                            "{} is passed over: {} is damaged, its checksum is not the one in {}",
                            path(checkpoint),
                            name,
                            COMMITTED);
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be read", path(checkpoint), e);
        }
    }

    /**
     * Opens a committed checkpoint.
     *
     * @param localDir gets a copy of the files unless they are on this machine
     * @throws UncheckedIOException when it is not there any more, or not whole
     */
    public LoadedCheckpoint read(Checkpoint checkpoint, java.nio.file.Path localDir) {
        Path from = path(checkpoint);
        if (!isCommitted(checkpoint)) {
            throw HadoopFiles.failed("can't be read", from, new IOException("it is not a committed checkpoint"));
        }
        return LoadedCheckpoint.open(fileSystem, from, localDir);
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
                        && !files(checkpoint).containsKey(FINAL))
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
        HadoopFiles.delete(fileSystem, new Path(path(checkpoint), COMMITTED));
        HadoopFiles.delete(fileSystem, path(checkpoint));
    }

    private Path path(Checkpoint checkpoint) {
        return new Path(folder, checkpoint.name());
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

    /** Files of a checkpoint's folder with their sizes; none when there is no such folder. */
    private Map<String, Long> files(Checkpoint checkpoint) {
        try {
            Map<String, Long> files = new HashMap<>();
            for (FileStatus status : fileSystem.listStatus(path(checkpoint))) {
                files.put(status.getPath().getName(), status.getLen());
            }
            return files;
        } catch (FileNotFoundException e) {
            return Map.of();
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be listed", path(checkpoint), e);
        }
    }

    private boolean isCommitted(Checkpoint checkpoint) {
        Map<String, Long> files = files(checkpoint);
        if (!files.containsKey(COMMITTED)) {
            return false;
        }
        Path marker = new Path(path(checkpoint), COMMITTED);
        try {
            JsonNode sizes = JsonFiles.parseObject(HadoopFiles.readText(fileSystem, marker), marker.toString());
            boolean whole = FILES.stream().allMatch(name -> CommitMarker.hasSize(sizes, name, files.get(name)));
            if (!whole) {
                LOG.warn(
                        "{} is passed over: its files do not have the sizes that {} lists",
                        path(checkpoint),
                        COMMITTED);
            }
            return whole;
        } catch (FileNotFoundException e) {
            return false;
        } catch (RunException e) {
            LOG.warn("{} is passed over: {}", path(checkpoint), e.getMessage());
            return false;
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be read", marker, e);
        }
    }
}
