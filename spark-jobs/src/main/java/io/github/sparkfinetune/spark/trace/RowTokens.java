package io.github.sparkfinetune.spark.trace;

import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Tokens that one row becomes without other rows.
 *
 * @param ids token ids of its samples, in order
 * @param isCut whether its last tokens alone make no sample; followed by another row's tokens they may
 * @param droppedBecause reason for which the row is in no sample, and has no tokens; or null
 */
public record RowTokens(int[] ids, boolean isCut, String droppedBecause) implements Serializable {

    /**
     * Returns the tokens of a row.
     *
     * @param labels label names by id
     */
    public static <C> RowTokens of(
            TaskData<C> task, TaskData.Encoder<C> encoder, CleanRow<C> row, List<String> labels) {
        List<int[]> parts = new ArrayList<>();
        SampleCounts counts;
        try {
            SampleSink sink = task.sink(sample -> parts.add(sample.inputIds()), labels);
            sink.add(encoder.encode(row), row.stratum());
            counts = sink.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int[] ids = new int[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (int[] part : parts) {
            System.arraycopy(part, 0, ids, at, part.length);
            at += part.length;
        }
        String reason = counts.dropped().keySet().stream().findFirst().orElse(null);
        return new RowTokens(ids, reason != null && !parts.isEmpty(), parts.isEmpty() ? reason : null);
    }
}
