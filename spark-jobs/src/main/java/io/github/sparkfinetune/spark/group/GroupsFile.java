package io.github.sparkfinetune.spark.group;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Groups of an output folder, whose runs have folders of their own in it: the content of {@value #FILE}.
 *
 * @param column column of the groups
 * @param settings settings of all runs
 * @param groups values of the column
 */
public record GroupsFile(String column, Map<String, String> settings, List<String> groups) {
    public static final String FILE = "groups.json";
    private static final String RUNS = "groups";

    /** Reads the file of a folder. */
    public static Optional<GroupsFile> read(Path folder, Configuration hadoop) throws IOException {
        Path file = new Path(folder, FILE);
        FileSystem files = HadoopFiles.fileSystem(file, hadoop);
        if (!files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JsonFiles.MAPPER.readValue(HadoopFiles.readText(files, file), GroupsFile.class));
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    file + ": is not a list of groups: remove the file, or choose another output.dir", e);
        }
    }

    /**
     * Reads the file of a folder.
     *
     * @throws RunException if the folder has no groups
     */
    public static GroupsFile require(Path folder, Configuration hadoop) throws IOException {
        return read(folder, hadoop)
                .orElseThrow(() -> RunException.data(
                        new Path(folder, FILE) + " does not exist: train the groups with run --per COLUMN first"));
    }

    /**
     * Refuses another column than that of the groups.
     *
     * @throws RunException if the models are per another column
     */
    public void requireColumn(String asked) {
        if (!column.equals(asked)) {
            throw RunException.config("--per " + asked + ": the models are per " + column);
        }
    }

    /** Returns the path of a group's run in the folder. */
    public static String path(String value) {
        return RUNS + "/" + GroupJob.name(value);
    }

    /** Returns the folders of the runs, by value. */
    public Map<String, String> folders(Path folder) {
        Map<String, String> folders = new LinkedHashMap<>();
        groups.forEach(value -> folders.put(value, new Path(folder, path(value)).toString()));
        return folders;
    }

    /** Writes the file of a folder. */
    public void write(Path folder, Configuration hadoop) {
        Path file = new Path(folder, FILE);
        HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(file, hadoop), file, JsonFiles.pretty(JsonFiles.MAPPER.valueToTree(this)));
    }
}
