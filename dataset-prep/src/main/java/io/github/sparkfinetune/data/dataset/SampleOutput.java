package io.github.sparkfinetune.data.dataset;

import java.io.IOException;

/** Receiver of samples in storage order. */
public interface SampleOutput {

    /** Takes the next sample. Its place follows from the order of the calls; its index is ignored. */
    void write(Sample sample) throws IOException;
}
