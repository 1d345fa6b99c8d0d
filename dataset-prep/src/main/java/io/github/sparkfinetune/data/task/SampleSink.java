package io.github.sparkfinetune.data.task;

import java.io.IOException;

/** Makes the samples of one shard of the rows that come to it, in order. Not for concurrent use. */
public interface SampleSink {

    /**
     * Adds the next row, of which no, one or several samples are made.
     *
     * @param row as a {@link TaskData.Encoder} made it
     * @param stratum of the row
     */
    void add(byte[] row, String stratum) throws IOException;

    /** Writes what is left; returns what was written. */
    SampleCounts finish() throws IOException;
}
