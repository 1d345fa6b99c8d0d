package io.github.sparkfinetune.spark.predict;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.run.Settings;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a {@code predict}, which may be interrupted and started again: a {@link RowFolder} with a file
 * {@value #BEGUN}, which is there before the first part and says in JSON what is predicted by what: {@code settings} by
 * their keys, {@code tasks}, the fewest parts that were asked for, and {@code parts}.
 */
final class PredictionFolder {
    private static final Logger LOG = LoggerFactory.getLogger(PredictionFolder.class);
    private static final String BEGUN = "_predict.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final FileSystem files;
    private final RowFolder rows;
    private final Map<String, String> settings;
    private final int tasks;
    /** Of an earlier command, or -1. */
    private final int begunParts;

    private record Begun(Map<String, String> settings, int tasks, int parts) {}

    private PredictionFolder(
            Path folder, FileSystem files, RowFolder rows, Map<String, String> settings, int tasks, int begunParts) {
        this.folder = folder;
        this.files = files;
        this.rows = rows;
        this.settings = settings;
        this.tasks = tasks;
        this.begunParts = begunParts;
    }

    /**
     * Looks at the folder.
     *
     * @param settings all that the predictions depend on
     * @param tasks fewest parts, unless an earlier command has begun it with another number
     * @throws RunException if it is finished, no predictions', or was begun with other settings
     */
    static PredictionFolder open(
            Path folder, RowFolder rows, Configuration hadoop, Map<String, String> settings, int tasks)
            throws IOException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Begun begun = read(files, new Path(folder, BEGUN));
        if (rows.isFinished() || (begun == null && isThere(files, folder))) {
            throw RunException.config(folder + " exists already: choose another output, or delete it");
        }
        if (begun == null) {
            return new PredictionFolder(folder, files, rows, settings, tasks, -1);
        }
        List<String> differences = Settings.differences(begun.settings(), settings, key -> false);
        if (!differences.isEmpty()) {
            throw RunException.config(folder + " holds a part of other predictions (" + String.join(", ", differences)
                    + "): choose another output, delete it, or use the same settings to go on with it");
        }
        return new PredictionFolder(folder, files, rows, settings, begun.tasks(), begun.parts());
    }

    private static boolean isThere(FileSystem files, Path folder) throws IOException {
        try {
            return files.getFileStatus(folder).isFile() || files.listStatus(folder).length > 0;
        } catch (FileNotFoundException e) {
            return false;
        }
    }

    private static Begun read(FileSystem files, Path file) throws IOException {
        try {
            return JSON.readValue(HadoopFiles.readText(files, file), Begun.class);
        } catch (FileNotFoundException e) {
            return null;
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    file + " is not what predict writes (" + e.getOriginalMessage() + "): delete the folder", e);
        }
    }

    /** Fewest parts. */
    int tasks() {
        return tasks;
    }

    /**
     * Begins, or goes on.
     *
     * @param parts that there will be
     * @return the numbers of those that are there
     * @throws RunException if an earlier command cut the input otherwise
     */
    Set<Integer> begin(int parts) throws IOException {
        if (begunParts < 0) {
            HadoopFiles.writeWhole(
                    files,
                    new Path(folder, BEGUN),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(new Begun(settings, tasks, parts)));
            return Set.of();
        }
        if (parts != begunParts) {
            throw RunException.config(folder + " holds a part of the same predictions in " + begunParts
                    + " parts, now there are " + parts + " (spark.sql.files.* may differ): choose another output, or"
                    + " delete it");
        }
        Set<Integer> done = rows.parts();
        LOG.info("{} of {} parts of {} are there already", done.size(), parts, folder);
        return done;
    }

    /** Says that all parts are there. */
    void finish() throws IOException {
        rows.finish();
    }
}
