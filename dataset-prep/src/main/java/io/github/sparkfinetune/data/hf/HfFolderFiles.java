package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** Reader of the small files of a model folder on any file system. */
public final class HfFolderFiles {
    private static final ObjectMapper JSON = new ObjectMapper();

    private HfFolderFiles() {}

    /** Returns the bytes of a file, or null if it is missing. */
    public static byte[] content(Path path, Configuration hadoop) throws IOException {
        try (FSDataInputStream in = path.getFileSystem(hadoop).open(path)) {
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
