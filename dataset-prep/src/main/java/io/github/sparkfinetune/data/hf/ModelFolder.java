package io.github.sparkfinetune.data.hf;

import io.github.sparkfinetune.conf.RunException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A model folder in Hugging Face layout, wherever it lies. */
public final class ModelFolder {
    private static final List<String> WANTED = List.of(".json", ".safetensors", ".txt", ".model", ".jinja");

    private ModelFolder() {}

    /**
     * The model folder on this machine: a local one as it is, any other copied (its own files only: safetensors,
     * configuration and tokenizer).
     *
     * @param uri Hadoop path of the folder
     * @param localDir gets a folder of its own for the copy, which the caller deletes
     * @throws RunException when there is no such folder
     * @throws UncheckedIOException when it can't be read
     */
    public static java.nio.file.Path fetch(String uri, Configuration hadoop, java.nio.file.Path localDir) {
        return fetch("model", "give a model folder in Hugging Face layout", uri, hadoop, localDir);
    }

    /**
     * The same for a folder that is not the configuration's {@code model}.
     *
     * @param key what messages call it
     * @param remedy what to do when it is not there
     */
    public static java.nio.file.Path fetch(
            String key, String remedy, String uri, Configuration hadoop, java.nio.file.Path localDir) {
        Path folder = new Path(uri);
        FileSystem fileSystem = HadoopFiles.fileSystem(folder, hadoop);
        if (HadoopFiles.isLocal(fileSystem)) {
            java.nio.file.Path local = HadoopFiles.local(folder).toAbsolutePath();
            if (!Files.isDirectory(local)) {
                throw missing(key, remedy, uri, null);
            }
            return local;
        }
        try {
            List<FileStatus> files = Arrays.stream(fileSystem.listStatus(folder))
                    .filter(status -> status.isFile()
                            && WANTED.stream().anyMatch(status.getPath().getName()::endsWith))
                    .toList();
            Files.createDirectories(localDir);
            java.nio.file.Path copy = Files.createTempDirectory(localDir, "model-");
            for (FileStatus file : files) {
                HadoopFiles.copyToLocal(
                        fileSystem, file.getPath(), copy.resolve(file.getPath().getName()));
            }
            return copy;
        } catch (FileNotFoundException e) {
            throw missing(key, remedy, uri, e);
        } catch (IOException e) {
            throw HadoopFiles.failed("can't be copied to " + localDir, folder, e);
        }
    }

    private static RunException missing(String key, String remedy, String uri, IOException cause) {
        return RunException.data(key + ": there is no folder " + uri + ": " + remedy, cause);
    }
}
