package io.github.sparkfinetune.spark.prepare;

import java.io.IOException;

/** Makes the samples of one file of the rows that come to it, in order. Not for concurrent use. */
interface SampleSink {

    /**
     * Adds the next row.
     *
     * @param value see {@link ShuffledSample}
     * @param label id of its label
     */
    void add(byte[] value, int label) throws IOException;

    /** Writes what is left; returns what was written. */
    SampleCounts finish() throws IOException;
}
