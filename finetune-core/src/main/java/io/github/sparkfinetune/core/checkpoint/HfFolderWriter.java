package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.JsonFiles;
import io.github.sparkfinetune.data.hf.Quoted;
import io.github.sparkfinetune.data.hf.TokenizerSettings;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes a model folder in Hugging Face layout; one that is there already is replaced only when the same run wrote it.
 * No reader finds half a model:
 *
 * <ul>
 *   <li>The folder is written beside its place and renamed when it is whole.
 *   <li>On an object store, which has no such rename, its files are written where they stay, {@code config.json} last
 *       (before it {@code adapter_config.json}, where there is one), without which it is no model's or adapter's. Where
 *       it replaces another, the first to go are these.
 * </ul>
 */
public final class HfFolderWriter {
    /** Names the run that wrote the folder. */
    static final String OWNER = ".finetune-run";

    /** Name of the model card. */
    public static final String CARD = "README.md";

    private static final List<String> FROM_BASE = List.of(
            "tokenizer.json",
            TokenizerSettings.FILE,
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.txt",
            "vocab.json",
            "merges.txt",
            "tokenizer.model",
            "chat_template.jinja",
            "generation_config.json");

    /** Without these a folder is no model or adapter; they are written last, in this order. */
    private static final List<String> LAST = List.of("adapter_config.json", HfConfig.FILE);

    private final Path target;
    private final FileSystem fileSystem;
    private final String key;
    private final String run;
    private final boolean once;
    private final boolean inPlace;
    /** Where files are written. */
    private final Path unpublished;

    /**
     * A writer of one folder; nothing is touched yet.
     *
     * @param target the model folder
     * @param run identifies the run over all its attempts
     * @param attempt identifies this attempt among the run's
     */
    public HfFolderWriter(Path target, Configuration hadoop, String run, String attempt) {
        this("output.dir", target, hadoop, run, attempt, false);
    }

    private HfFolderWriter(String key, Path target, Configuration hadoop, String run, String attempt, boolean once) {
        if (!run.matches("[A-Za-z0-9-]+") || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("run '" + run + "', attempt '" + attempt + "'");
        }
        this.fileSystem = HadoopFiles.fileSystem(target, hadoop);
        // Through its text, because a path made from a URI may end with a slash and then has no name.
        this.target = fileSystem.makeQualified(new Path(target.toString()));
        this.key = key;
        this.run = run;
        this.once = once;
        this.inPlace = HadoopFiles.isObjectStore(fileSystem);
        this.unpublished = inPlace ? this.target : new Path(this.target.getParent(), temporaryPrefix() + attempt);
    }

    /**
     * A writer of a folder that must not be there yet, but for what the same run has begun and not finished.
     *
     * @param key what messages call the target, e.g. an option of the command
     * @param run the same for the same content
     */
    public static HfFolderWriter once(String key, Path target, Configuration hadoop, String run) {
        return new HfFolderWriter(key, target, hadoop, run, "0", true);
    }

    private String temporaryPrefix() {
        return "." + target.getName() + ".tmp." + run + ".";
    }

    /**
     * Refuses a target that this run may not replace; to be called before any long work.
     *
     * @throws RunException when the folder exists and is not this run's
     */
    public void checkTarget() {
        try {
            if (!fileSystem.exists(target)) {
                return;
            }
            String owner = readOwner();
            if (!owner.equals(run)) {
                throw RunException.config(key + ": " + target + " exists and "
                        + (owner.isEmpty() ? "was not written by this run" : "belongs to the run " + Quoted.name(owner))
                        + "; nothing was changed, choose another " + key + " or move the folder away");
            }
            if (once && isWhole()) {
                throw RunException.config(key + ": " + target + " exists and is whole; nothing was changed, choose"
                        + " another " + key + " or move the folder away");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be read", target, e);
        }
    }

    private boolean isWhole() throws IOException {
        for (String name : LAST) {
            if (fileSystem.exists(new Path(target, name))) {
                return true;
            }
        }
        return false;
    }

    private String readOwner() throws IOException {
        try {
            return HadoopFiles.readText(fileSystem, new Path(target, OWNER)).strip();
        } catch (FileNotFoundException e) {
            return "";
        } catch (IOException e) {
            if (fileSystem.getFileStatus(target).isFile()) {
                return "";
            }
            throw e;
        }
    }

    /**
     * Writes the folder of a model.
     *
     * @param base local folder of the base model; its tokenizer files are copied
     * @param maxShardSize bytes of tensors in one file of weights, normally {@link SafetensorsWriter#MAX_SHARD_SIZE}
     * @param files further files by name, instead of the base's where it has them too
     * @throws RunException when the target exists and is not this run's
     * @throws UncheckedIOException when the file system fails
     */
    public void write(
            java.nio.file.Path base,
            HfConfig config,
            List<TensorData> tensors,
            ModelCard card,
            long maxShardSize,
            Map<String, byte[]> files) {
        write(List.of(base), config, tensors, card.toMarkdown(), maxShardSize, files);
    }

    /**
     * Writes the folder of a model.
     *
     * @param bases local folders whose tokenizer files are copied; of two with the same file the first wins
     * @param card text of {@code README.md}
     * @param more further files by name, instead of the bases' where they have them too
     */
    public void write(
            List<java.nio.file.Path> bases,
            HfConfig config,
            List<TensorData> tensors,
            String card,
            long maxShardSize,
            Map<String, byte[]> more) {
        Map<String, List<TensorData>> shards = SafetensorsWriter.shards(tensors, maxShardSize);
        Map<String, byte[]> files = new LinkedHashMap<>(more);
        files.put(HfConfig.FILE, config.toJson());
        files.put(CARD, card.getBytes(StandardCharsets.UTF_8));
        if (shards.size() > 1) {
            files.put(SafetensorsModel.INDEX, JsonFiles.pretty(SafetensorsWriter.index(shards)));
        }
        write(bases, files, shards);
    }

    /**
     * Writes a folder of these files.
     *
     * @param bases local folders whose tokenizer files are copied; of two with the same file the first wins
     * @param files contents by name
     * @param weights tensors by the name of their safetensors file
     */
    public void write(
            List<java.nio.file.Path> bases, Map<String, byte[]> files, Map<String, List<TensorData>> weights) {
        checkTarget();
        if (inPlace) {
            retire(weights.keySet());
        } else {
            HadoopFiles.delete(fileSystem, unpublished);
        }
        writeBytes(OWNER, (run + "\n").getBytes(StandardCharsets.UTF_8));
        files.forEach((name, bytes) -> {
            if (!LAST.contains(name)) {
                boolean settings = name.equals(TokenizerSettings.FILE);
                writeBytes(name, settings ? TokenizerSettings.forBothVersions(bytes, name) : bytes);
            }
        });
        for (String name : FROM_BASE) {
            if (files.containsKey(name)) {
                continue;
            }
            bases.stream()
                    .map(base -> base.resolve(name))
                    .filter(Files::isRegularFile)
                    .findFirst()
                    .ifPresent(file -> copy(name, file));
        }
        weights.forEach((name, tensors) -> HadoopFiles.write(
                fileSystem,
                new Path(unpublished, name),
                out -> SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT)));
        // Again, because another run may have come while this one wrote.
        checkTarget();
        LAST.stream().filter(files::containsKey).forEach(name -> writeBytes(name, files.get(name)));
        if (!inPlace) {
            publish();
            deleteLeftovers();
        }
    }

    private void copy(String name, java.nio.file.Path file) {
        HadoopFiles.write(fileSystem, new Path(unpublished, name), out -> {
            if (name.equals(TokenizerSettings.FILE)) {
                out.write(TokenizerSettings.forBothVersions(Files.readAllBytes(file), file.toString()));
            } else {
                Files.copy(file, out);
            }
        });
    }

    /** Makes what is there no model, and takes away weights that the new one does not replace. */
    private void retire(Set<String> weights) {
        List<Path> gone = new ArrayList<>();
        for (int i = LAST.size() - 1; i >= 0; i--) {
            gone.add(new Path(target, LAST.get(i)));
        }
        try {
            for (FileStatus file : fileSystem.listStatus(target)) {
                String name = file.getPath().getName();
                if ((name.endsWith(".safetensors") && !weights.contains(name)) || name.equals(SafetensorsModel.INDEX)) {
                    gone.add(file.getPath());
                }
            }
        } catch (FileNotFoundException e) {
            return;
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be listed", target, e);
        }
        gone.forEach(file -> HadoopFiles.delete(fileSystem, file));
    }

    private void publish() {
        HadoopFiles.delete(fileSystem, target);
        try {
            if (!fileSystem.rename(unpublished, target)) {
                throw new IOException("the file system refused to rename it to " + target);
            }
            // Where a folder has appeared at the target meanwhile, Hadoop moves ours into it.
            Path inside = new Path(target, unpublished.getName());
            if (fileSystem.exists(inside)) {
                fileSystem.delete(inside, true);
                throw new IOException(target + " was created by somebody else in the same moment");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't become the model folder", unpublished, e);
        }
    }

    private void deleteLeftovers() {
        try {
            for (FileStatus sibling : fileSystem.listStatus(target.getParent())) {
                if (sibling.getPath().getName().startsWith(temporaryPrefix())) {
                    HadoopFiles.delete(fileSystem, sibling.getPath());
                }
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be listed", target.getParent(), e);
        }
    }

    private void writeBytes(String name, byte[] bytes) {
        HadoopFiles.write(fileSystem, new Path(unpublished, name), out -> out.write(bytes));
    }
}
