package io.github.sparkfinetune.extra.erase;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** {@value #NAME} in the output folder of a run: all erasures, the oldest first, as a JSON array of {@link Erasure}. */
final class ErasureLog {
    static final String NAME = "erasure.json";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private final FileSystem files;
    private final Path path;

    ErasureLog(Path output, Configuration hadoop) {
        this.files = HadoopFiles.fileSystem(output, hadoop);
        this.path = new Path(output, NAME);
    }

    /** @throws RunException if the file is not a list of erasures */
    List<Erasure> read() throws IOException {
        try {
            return List.of(JSON.readValue(HadoopFiles.readText(files, path), Erasure[].class));
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (JsonProcessingException e) {
            throw RunException.data(path + " is not a list of erasures (" + e.getOriginalMessage()
                    + "): restore the file, it is the only record of what was erased");
        }
    }

    /** Returns the erasure that was interrupted, if there is one. */
    Optional<Erasure> unfinished() throws IOException {
        return read().stream().filter(Erasure::isUnfinished).findFirst();
    }

    /** Adds an erasure, or replaces the one that was interrupted. */
    void put(Erasure erasure) throws IOException {
        List<Erasure> all = new ArrayList<>(read());
        all.removeIf(Erasure::isUnfinished);
        all.add(erasure);
        HadoopFiles.writeWhole(files, path, JSON.writeValueAsBytes(all));
    }
}
