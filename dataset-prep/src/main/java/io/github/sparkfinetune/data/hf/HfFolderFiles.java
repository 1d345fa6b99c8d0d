package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hub.HubName;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Reader of the small files of a model folder on any file system. */
public final class HfFolderFiles {
    private static final ObjectMapper JSON = new ObjectMapper();

    private HfFolderFiles() {}

    /**
     * Returns the end of a message about a missing folder: how the folder's path names a model of the Hugging Face Hub.
     * The text is empty if the path is not two words below the working directory.
     */
    static String onHub(Path folder, Configuration hadoop) throws IOException {
        Path directory = folder.getFileSystem(hadoop).getWorkingDirectory();
        String name = directory
                .toUri()
                .relativize(
                        directory.getFileSystem(hadoop).makeQualified(folder).toUri())
                .getPath();
        return HubName.parse(name)
                .map(hub -> ", or hub:" + name + " for a model of the Hugging Face Hub")
                .orElse("");
    }

    /**
     * Returns the bytes of a file, or null if it is missing.
     *
     * @throws RunException if the file is a link that leaves the model folder
     */
    public static byte[] content(Path path, Configuration hadoop) throws IOException {
        FileSystem fileSystem = path.getFileSystem(hadoop);
        if (HadoopFiles.isLocal(fileSystem)) {
            FolderLinks.requireInside(HadoopFiles.local(path));
        }
        try (FSDataInputStream in = fileSystem.open(path)) {
            return HadoopFiles.readAll(in, path.toString());
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    /**
     * Reads a JSON file; returns an empty object if the file is missing.
     *
     * @throws RunException if it is not JSON
     */
    public static JsonNode json(Path path, Configuration hadoop) throws IOException {
        return json(path, text(path, hadoop));
    }

    /** Returns the text of a file, or null if it is missing. */
    static String text(Path path, Configuration hadoop) throws IOException {
        byte[] bytes = content(path, hadoop);
        // Decodes here, because Jackson guesses the encoding of bytes, and fails differently if it guesses UTF-32.
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    /** Parses the text of a JSON file; returns an empty object for null. */
    static JsonNode json(Path path, String text) throws IOException {
        if (text == null) {
            return JSON.createObjectNode();
        }
        try {
            return JSON.readTree(new StringReader(text));
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    path + " is not JSON (" + e.getOriginalMessage().replaceAll("\\p{Cntrl}+", " ")
                            + "): copy the model folder again",
                    e);
        }
    }
}
