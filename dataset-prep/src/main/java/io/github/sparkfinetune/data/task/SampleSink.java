package io.github.sparkfinetune.data.task;

import java.io.IOException;

/** Makes the samples of one shard from rows in order. Not for concurrent use. */
public interface SampleSink {

    /**
     * Adds the next row, which gives no, one or several samples.
     *
     * @param row bytes of a {@link TaskData.Encoder}
     * @param stratum stratum of the row
     */
    void add(byte[] row, String stratum) throws IOException;

    /** Writes the remaining samples; returns the counts of all written samples. */
    SampleCounts finish() throws IOException;
}
