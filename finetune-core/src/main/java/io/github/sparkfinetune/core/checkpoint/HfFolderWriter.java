package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.RunException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes a model folder in Hugging Face layout. It is written beside its place and renamed when it is whole; a folder
 * that is there already is replaced only when the same run wrote it.
 */
public final class HfFolderWriter {
    /** Names the run that wrote the folder. */
    static final String OWNER = ".finetune-run";

    private static final List<String> FROM_BASE = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.txt",
            "vocab.json",
            "merges.txt",
            "tokenizer.model",
            "chat_template.jinja",
            "generation_config.json");

    private final Path target;
    private final FileSystem fileSystem;
    private final String run;
    private final Path temporary;

    /**
     * A writer of one folder; nothing is touched yet.
     *
     * @param target the model folder
     * @param run identifies the run over all its attempts
     * @param attempt identifies this attempt among the run's
     */
    public HfFolderWriter(Path target, Configuration hadoop, String run, String attempt) {
        if (!run.matches("[A-Za-z0-9-]+") || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("run '" + run + "', attempt '" + attempt + "'");
        }
        this.fileSystem = HadoopFiles.fileSystem(target, hadoop);
        // Through its text, because a path made from a URI may end with a slash and then has no name.
        this.target = fileSystem.makeQualified(new Path(target.toString()));
        this.run = run;
        this.temporary = new Path(this.target.getParent(), temporaryPrefix() + attempt);
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
                throw RunException.config("output.dir: " + target + " exists and "
                        + (owner.isEmpty() ? "was not written by this run" : "belongs to the run " + Quoted.name(owner))
                        + "; nothing was changed, choose another output.dir or move the folder away");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be read", target, e);
        }
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
     * Writes the folder.
     *
     * @param base local folder of the base model; its tokenizer files are copied
     * @param maxShardSize bytes of tensors in one file of weights, normally {@link SafetensorsWriter#MAX_SHARD_SIZE}
     * @throws RunException when the target exists and is not this run's
     * @throws UncheckedIOException when the file system fails
     */
    public void write(
            java.nio.file.Path base, HfConfig config, List<TensorData> tensors, ModelCard card, long maxShardSize) {
        checkTarget();
        HadoopFiles.delete(fileSystem, temporary);
        writeText(OWNER, run + "\n");
        writeBytes(HfConfig.FILE, config.toJson());
        writeText("README.md", card.toMarkdown());
        for (String name : FROM_BASE) {
            java.nio.file.Path file = base.resolve(name);
            if (Files.isRegularFile(file)) {
                HadoopFiles.write(fileSystem, new Path(temporary, name), out -> Files.copy(file, out));
            }
        }
        Map<String, List<TensorData>> shards = SafetensorsWriter.shards(tensors, maxShardSize);
        shards.forEach((name, shard) -> HadoopFiles.write(
                fileSystem,
                new Path(temporary, name),
                out -> SafetensorsWriter.write(out, shard, SafetensorsWriter.PT)));
        if (shards.size() > 1) {
            writeBytes(SafetensorsModel.INDEX, JsonFiles.pretty(SafetensorsWriter.index(shards)));
        }
        publish();
        deleteLeftovers();
    }

    private void publish() {
        // Again, because another run may have come while this one wrote.
        checkTarget();
        HadoopFiles.delete(fileSystem, target);
        try {
            if (!fileSystem.rename(temporary, target)) {
                throw new IOException("the file system refused to rename it to " + target);
            }
            // Where a folder has appeared at the target meanwhile, Hadoop moves ours into it.
            Path inside = new Path(target, temporary.getName());
            if (fileSystem.exists(inside)) {
                fileSystem.delete(inside, true);
                throw new IOException(target + " was created by somebody else in the same moment");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("can't become the model folder", temporary, e);
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

    private void writeText(String name, String text) {
        writeBytes(name, text.getBytes(StandardCharsets.UTF_8));
    }

    private void writeBytes(String name, byte[] bytes) {
        HadoopFiles.write(fileSystem, new Path(temporary, name), out -> out.write(bytes));
    }
}
