package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import java.io.Serializable;
import org.apache.hadoop.fs.Path;

/**
 * What a task has to know to clean the rows of a source.
 *
 * @param maxTextBytes where a text is cut
 * @param pairs whether rows have a second text
 * @param labelled whether rows have a label
 * @param folder where a file's folder is its label: the source's own folder, which is none; else null
 */
record CleaningRules(int maxTextBytes, boolean pairs, boolean labelled, String folder) implements Serializable {

    static CleaningRules of(DataConfig data, SourceFiles source, boolean labelled) {
        String folder = source.format() == DataFormat.TEXT_FOLDERS
                ? new Path(source.path()).toUri().getPath()
                : null;
        return new CleaningRules(data.maxTextBytes(), data.textPair() != null, labelled, folder);
    }
}
