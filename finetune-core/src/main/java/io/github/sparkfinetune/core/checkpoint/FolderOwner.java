package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.Quoted;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Ownership of a model folder: a file in the folder names the run that wrote it.
 *
 * @param key setting of the folder for messages
 * @param folder the model folder
 * @param fileSystem file system of the folder
 * @param run name of the run that writes the folder
 * @param once whether the folder must not be complete already
 */
record FolderOwner(String key, Path folder, FileSystem fileSystem, String run, boolean once) {
    /** Name of the file that identifies the run that wrote the folder. */
    static final String FILE = ".finetune-run";

    /** Returns the content of the file for this run. */
    byte[] content() {
        return (run + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Refuses a folder that this run may not replace.
     *
     * @throws RunException if the folder exists and another run wrote it
     */
    void check() {
        try {
            if (!fileSystem.exists(folder)) {
                return;
            }
            String owner = read();
            if (!owner.equals(run)) {
                throw RunException.config(key + ": " + folder + " exists and "
                        + (owner.isEmpty() ? "was not written by this run" : "belongs to the run " + Quoted.name(owner))
                        + "; nothing was changed. Choose another " + key + " or move the folder away");
            }
            if (once && isComplete()) {
                throw RunException.config(key + ": " + folder + " exists and is complete; nothing was changed. Choose"
                        + " another " + key + " or move the folder away");
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be read", folder, e);
        }
    }

    private boolean isComplete() throws IOException {
        for (String name : HfFolderWriter.LAST) {
            if (fileSystem.exists(new Path(folder, name))) {
                return true;
            }
        }
        return false;
    }

    /** Returns the name of the run that wrote the folder; empty if the file is missing. */
    private String read() throws IOException {
        try {
            return HadoopFiles.readText(fileSystem, new Path(folder, FILE)).strip();
        } catch (FileNotFoundException e) {
            return "";
        } catch (IOException e) {
            if (fileSystem.getFileStatus(folder).isFile()) {
                return "";
            }
            throw e;
        }
    }
}
