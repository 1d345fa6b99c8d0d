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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Folder of predictions with a folder for each group. Readers of Parquet skip its own two files. */
final class GroupedOutput {
    private static final Logger LOG = LoggerFactory.getLogger(GroupedOutput.class);
    private static final String BEGUN = "_groups.json";
    private static final String SUCCESS = "_SUCCESS";

    private final Path folder;
    private final FileSystem files;

    private GroupedOutput(Path folder, FileSystem files) {
        this.folder = folder;
        this.files = files;
    }

    /**
     * Begins or resumes predictions, or opens them after their end.
     *
     * @param dependencies what the predictions depend on
     * @throws RunException if the folder holds other data
     */
    static GroupedOutput open(String output, Map<String, String> dependencies, Configuration hadoop)
            throws IOException {
        Path folder = new Path(output);
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Path begun = new Path(folder, BEGUN);
        if (!files.exists(begun)) {
            if (files.exists(folder)) {
                throw existing(folder);
            }
            HadoopFiles.writeWhole(files, begun, JsonFiles.MAPPER.writeValueAsBytes(dependencies));
        } else if (!JsonFiles.MAPPER
                .readValue(HadoopFiles.readText(files, begun), new TypeReference<Map<String, String>>() {})
                .equals(dependencies)) {
            throw files.exists(new Path(folder, SUCCESS))
                    ? existing(folder)
                    : RunException.config(
                            folder + " holds a part of the predictions of other rows, or by other models or"
                                    + " settings: choose another output, or delete it");
        }
        return new GroupedOutput(folder, files);
    }

    private static RunException existing(Path folder) {
        return RunException.config(folder + " exists already: choose another output, or delete it");
    }

    /** Returns whether all rows of a group are predicted. */
    boolean isFinished(String group) throws IOException {
        return files.exists(new Path(new Path(folder, group), SUCCESS));
    }

    /** Marks the folder as finished, if it was not. */
    void finish() throws IOException {
        if (files.exists(new Path(folder, SUCCESS))) {
            LOG.warn("{} holds these predictions already", folder);
            return;
        }
        HadoopFiles.writeWhole(files, new Path(folder, SUCCESS), new byte[0]);
    }
}
