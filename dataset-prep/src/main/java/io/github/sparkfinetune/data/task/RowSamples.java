package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples that one row becomes without other rows.
 *
 * @param samples samples in order
 * @param counts counts of these samples
 */
public record RowSamples(List<Sample> samples, SampleCounts counts) {

    /**
     * Makes the samples of a row.
     *
     * @param labels label names by id
     */
    public static <C> RowSamples of(
            TaskData<C> task, TaskData.Encoder<C> encoder, CleanRow<C> row, List<String> labels) {
        List<Sample> samples = new ArrayList<>();
        try {
            SampleSink sink = task.sink(samples::add, labels);
            sink.add(encoder.encode(row), row.stratum());
            return new RowSamples(samples, sink.finish());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
