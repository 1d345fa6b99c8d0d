package io.github.sparkfinetune.spark.files;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;

/** Reader of the values in a part of a file. */
interface SliceReader extends Closeable {
    /** Opener of parts of files, in a task. */
    interface Opener extends Serializable {
        /** Opens a part of a file. */
        SliceReader open(FileSlice slice, Configuration hadoop) throws IOException;
    }

    /** Returns the next value as UTF-8, or null after the last one. */
    byte[] next() throws IOException;
}
