package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hf.FolderLinks;
import io.github.sparkfinetune.data.hf.HfConfig;
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
 * Writer of a model folder in Hugging Face layout. An existing folder is replaced only if the same run wrote it. No
 * reader finds half a model:
 *
 * <ul>
 *   <li>The folder is written beside the target and renamed when it is complete.
 *   <li>An object store has no such rename. There the files are written in place. {@code config.json} comes last, after
 *       {@code adapter_config.json} if there is one; without these files the folder is no model or adapter. When a
 *       folder is replaced, these files are deleted first.
 * </ul>
 */
public final class HfFolderWriter {
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

    /** Files without which a folder is no model or adapter; they are written last, in this order. */
    static final List<String> LAST = List.of("adapter_config.json", HfConfig.FILE);

    private final Path target;
    private final FileSystem fileSystem;
    private final FolderOwner owner;
    private final boolean inPlace;
    /** Folder in which files are written. */
    private final Path unpublished;

    /**
     * Creates the writer of one folder; nothing is written yet.
     *
     * @param target the model folder
     * @param run name of the run, equal in all its attempts
     * @param attempt name of this attempt within the run
     */
    public HfFolderWriter(Path target, Configuration hadoop, String run, String attempt) {
        this("output.dir", target, hadoop, run, attempt, false);
    }

    private HfFolderWriter(String key, Path target, Configuration hadoop, String run, String attempt, boolean once) {
        if (!run.matches("[A-Za-z0-9-]+") || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("run '" + run + "', attempt '" + attempt + "'");
        }
        this.fileSystem = HadoopFiles.fileSystem(target, hadoop);
        // Converted through a text, because a path made from a URI may end with a slash and then has no name.
        this.target = fileSystem.makeQualified(new Path(target.toString()));
        this.owner = new FolderOwner(key, this.target, fileSystem, run, once);
        this.inPlace = HadoopFiles.isObjectStore(fileSystem);
        this.unpublished = inPlace ? this.target : new Path(this.target.getParent(), temporaryPrefix() + attempt);
    }

    /**
     * Returns the writer of a folder that must not exist, unless the same run has begun and not finished it.
     *
     * @param key setting of the target for messages, e.g. an option of the command
     * @param run name of the run, equal for equal content
     */
    public static HfFolderWriter once(String key, Path target, Configuration hadoop, String run) {
        return new HfFolderWriter(key, target, hadoop, run, "0", true);
    }

    private String temporaryPrefix() {
        return "." + target.getName() + ".tmp." + owner.run() + ".";
    }

    /**
     * Refuses a target that this run may not replace. Callers check it before any long work.
     *
     * @throws RunException if the folder exists and another run wrote it
     */
    public void checkTarget() {
        owner.check();
    }

    /**
     * Writes the folder of a model.
     *
     * @param base local folder of the base model, whose tokenizer files are copied
     * @param maxShardSize bytes of tensors in one file of weights, normally {@link SafetensorsWriter#MAX_SHARD_SIZE}
     * @param files further files by name; they replace files of the base with the same name
     * @throws RunException if the target exists and another run wrote it
     * @throws UncheckedIOException if the file system fails
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
     * @param bases local folders whose tokenizer files are copied; if several have a file, the first folder's is used
     * @param card text of {@code README.md}
     * @param more further files by name; they replace files of the bases with the same name
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
     * Writes a folder of files.
     *
     * @param bases local folders whose tokenizer files are copied; if several have a file, the first folder's is used
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
        writeBytes(FolderOwner.FILE, owner.content());
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
        // Checked again, because another run may have written the target meanwhile.
        checkTarget();
        LAST.stream().filter(files::containsKey).forEach(name -> writeBytes(name, files.get(name)));
        if (!inPlace) {
            publish();
            deleteLeftovers();
        }
    }

    private void copy(String name, java.nio.file.Path file) {
        HadoopFiles.write(fileSystem, new Path(unpublished, name), out -> {
            FolderLinks.requireInside(file);
            if (name.equals(TokenizerSettings.FILE)) {
                out.write(TokenizerSettings.forBothVersions(Files.readAllBytes(file), file.toString()));
            } else {
                Files.copy(file, out);
            }
        });
    }

    /** Deletes the files that make the folder a model, then weights that the new model does not replace. */
    private void retire(Set<String> weights) {
        List<Path> obsolete = new ArrayList<>();
        for (int i = LAST.size() - 1; i >= 0; i--) {
            obsolete.add(new Path(target, LAST.get(i)));
        }
        try {
            for (FileStatus file : fileSystem.listStatus(target)) {
                String name = file.getPath().getName();
                if ((name.endsWith(".safetensors") && !weights.contains(name)) || name.equals(SafetensorsModel.INDEX)) {
                    obsolete.add(file.getPath());
                }
            }
        } catch (FileNotFoundException e) {
            return;
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be listed", target, e);
        }
        obsolete.forEach(file -> HadoopFiles.delete(fileSystem, file));
    }

    private void publish() {
        HadoopFiles.delete(fileSystem, target);
        try {
            if (!fileSystem.rename(unpublished, target)) {
                throw new IOException("the file system refused to rename it to " + target);
            }
            // If a folder has appeared at the target meanwhile, Hadoop moves this folder into it.
            Path inside = new Path(target, unpublished.getName());
            if (fileSystem.exists(inside)) {
                fileSystem.delete(inside, true);
                throw new IOException(target + " was created by another process at the same time");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot become the model folder", unpublished, e);
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
            throw HadoopFiles.failed("cannot be listed", target.getParent(), e);
        }
    }

    private void writeBytes(String name, byte[] bytes) {
        HadoopFiles.write(fileSystem, new Path(unpublished, name), out -> out.write(bytes));
    }
}
