package io.github.sparkfinetune.data.dataset;

import java.io.IOException;

/** Where samples go, in storage order. */
public interface SampleOutput {

    /** Takes the next sample; its index is its place and means nothing here. */
    void write(Sample sample) throws IOException;
}
