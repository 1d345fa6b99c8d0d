package io.github.sparkfinetune.spark.files;

import java.io.Serializable;
import org.apache.hadoop.fs.FileStatus;

/**
 * File of a source.
 *
 * @param path path of the file
 * @param bytes length of the file
 * @param time time of modification in milliseconds
 */
public record ListedFile(String path, long bytes, long time) implements Serializable {
    /** Returns a file as Hadoop lists it. */
    public static ListedFile of(FileStatus file) {
        return new ListedFile(file.getPath().toString(), file.getLen(), file.getModificationTime());
    }
}
