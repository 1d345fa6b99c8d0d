package io.github.sparkfinetune.job.group;

import com.fasterxml.jackson.core.type.TypeReference;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Folder of predictions with a folder for each group. Readers of Parquet skip its own two files. */
final class GroupedOutput {
    private static final String BEGUN = "_groups.json";
    private static final String SUCCESS = "_SUCCESS";

    private final Path folder;
    private final FileSystem files;

    private GroupedOutput(Path folder, FileSystem files) {
        this.folder = folder;
        this.files = files;
    }

    /**
     * Begins or resumes predictions.
     *
     * @param input what the predicted rows depend on
     * @throws RunException if the folder is finished, or holds other data
     */
    static GroupedOutput open(String output, Map<String, String> input, Configuration hadoop) throws IOException {
        Path folder = new Path(output);
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Path begun = new Path(folder, BEGUN);
        boolean isBegun = files.exists(begun);
        if (files.exists(new Path(folder, SUCCESS)) || (!isBegun && files.exists(folder))) {
            throw RunException.config(folder + " exists already: choose another output, or delete it");
        }
        if (!isBegun) {
            HadoopFiles.writeWhole(files, begun, JsonFiles.MAPPER.writeValueAsBytes(input));
        } else if (!JsonFiles.MAPPER
                .readValue(HadoopFiles.readText(files, begun), new TypeReference<Map<String, String>>() {})
                .equals(input)) {
            throw RunException.config(folder
                    + " holds a part of the predictions of other rows: choose another output, or" + " delete it");
        }
        return new GroupedOutput(folder, files);
    }

    /** Returns whether all rows of a group are predicted. */
    boolean isFinished(String group) throws IOException {
        return files.exists(new Path(new Path(folder, group), SUCCESS));
    }

    void finish() {
        HadoopFiles.writeWhole(files, new Path(folder, SUCCESS), new byte[0]);
    }
}
