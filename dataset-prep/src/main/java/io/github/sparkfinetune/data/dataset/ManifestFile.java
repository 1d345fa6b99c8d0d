package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** Reads and writes the file of a {@link Manifest}. */
final class ManifestFile {
    /** Most bytes of a manifest, enough for a million shards. */
    private static final int LARGEST = 256 << 20;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private ManifestFile() {}

    /**
     * Reads a manifest.
     *
     * @throws RunException if there is no manifest, or this program cannot read it
     */
    static Manifest read(Path path, Configuration hadoop) throws IOException {
        Manifest manifest;
        try (FSDataInputStream in = path.getFileSystem(hadoop).open(path)) {
            // Decodes here, because Jackson guesses the encoding of bytes and fails if it guesses UTF-32.
            String json = new String(HadoopFiles.readAll(in, path.toString(), LARGEST), StandardCharsets.UTF_8);
            // Reads from a Reader, whose content Jackson's messages do not show.
            manifest = JSON.readValue(new StringReader(json), Manifest.class);
        } catch (FileNotFoundException e) {
            throw RunException.data(
                    path + " does not exist: run prepare first, or set data.dir to a prepared dataset", e);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    path + " is not a manifest (" + e.getOriginalMessage().replaceAll("\\p{Cntrl}+", " ")
                            + "): delete the folder and prepare again",
                    e);
        }
        if (manifest == null) {
            throw RunException.data(path + " is not a manifest (it is null): delete the folder and prepare again");
        }
        if (manifest.schemaVersion() != Manifest.SCHEMA_VERSION) {
            throw RunException.data(path + " has schema_version " + manifest.schemaVersion() + ", this program reads "
                    + Manifest.SCHEMA_VERSION + ": prepare the dataset again into a new data.dir");
        }
        return manifest;
    }

    /** Returns the content of a manifest's file. */
    static byte[] toBytes(Manifest manifest) throws IOException {
        return JSON.writeValueAsBytes(manifest);
    }
}
