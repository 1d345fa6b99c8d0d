package io.github.sparkfinetune.extra.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Folder of an audit. {@value #BEGUN} has what the audit depends on. {@code work} has the rows and the folds until the
 * end. {@value #ROWS} has the judged rows as Parquet. {@value #RESULT} is written last: with it the audit is complete.
 */
final class AuditFolder {
    static final String ROWS = "rows";
    static final String RESULT = "audit.json";
    private static final ObjectMapper NAMES =
            JsonFiles.MAPPER.copy().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
    private static final String BEGUN = "begun.json";
    private static final String SUCCESS = "_SUCCESS";

    private final Path folder;
    private final FileSystem files;

    private AuditFolder(Path folder, FileSystem files) {
        this.folder = folder;
        this.files = files;
    }

    /**
     * Begins or resumes an audit.
     *
     * @param dependencies what the audit depends on
     * @throws RunException if the folder holds other data, or a complete audit
     */
    static AuditFolder open(Path folder, Map<String, String> dependencies, Configuration hadoop) throws IOException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Path begun = new Path(folder, BEGUN);
        if (files.exists(new Path(folder, RESULT)) || (files.exists(folder) && !files.exists(begun))) {
            throw RunException.config("--output: " + folder + " exists: name a new folder");
        }
        if (!files.exists(begun)) {
            HadoopFiles.writeWhole(files, begun, JsonFiles.MAPPER.writeValueAsBytes(dependencies));
        } else if (!JsonFiles.MAPPER
                .readTree(HadoopFiles.readText(files, begun))
                .equals(JsonFiles.MAPPER.valueToTree(dependencies))) {
            throw RunException.config("--output: " + folder
                    + " holds a part of an audit with other settings: name a new folder, or delete this folder");
        }
        return new AuditFolder(folder, files);
    }

    /**
     * Reads the result of an audit.
     *
     * @throws RunException if there is none
     */
    static Audited result(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Path result = new Path(folder, RESULT);
        if (!files.exists(result)) {
            throw RunException.data(
                    "--audit: " + folder + " has no " + RESULT + ": name the folder of a complete audit");
        }
        return NAMES.readValue(HadoopFiles.readText(files, result), Audited.class);
    }

    /** Returns a path in the folder. */
    String path(String name) {
        return new Path(folder, name).toString();
    }

    /** Returns a path of a fold that is needed until the end of the audit. */
    String fold(int fold, String name) {
        return path("work/fold-" + fold + "/" + name);
    }

    /** Returns the path of the rows as they are audited. */
    String source() {
        return path("work/source");
    }

    /** Returns whether Spark has written a folder completely. */
    boolean isWritten(String path) throws IOException {
        return files.exists(new Path(path, SUCCESS));
    }

    void discard(String path) {
        HadoopFiles.discard(files, new Path(path));
    }

    /** Writes the result, and deletes what only the audit needed. */
    void finish(Audited result) {
        HadoopFiles.writeWhole(files, new Path(folder, RESULT), JsonFiles.pretty(NAMES.valueToTree(result)));
        discard(path("work"));
    }
}
