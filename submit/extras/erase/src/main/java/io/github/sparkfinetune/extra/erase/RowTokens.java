package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RowSamples;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * Tokens that one row becomes without other rows.
 *
 * @param ids token ids of its samples, in order
 * @param isCut whether its last tokens alone make no sample; followed by another row's tokens they may
 * @param droppedBecause reason for which the row is in no sample, and has no tokens; or null
 */
record RowTokens(int[] ids, boolean isCut, String droppedBecause) implements Serializable {

    /**
     * Returns the tokens of a row.
     *
     * @param labels label names by id
     */
    static <C> RowTokens of(TaskData<C> task, TaskData.Encoder<C> encoder, CleanRow<C> row, List<String> labels) {
        RowSamples made = RowSamples.of(task, encoder, row, labels);
        List<Sample> samples = made.samples();
        int[] ids = samples.stream()
                .flatMapToInt(sample -> Arrays.stream(sample.inputIds()))
                .toArray();
        String reason = made.counts().dropped().keySet().stream().findFirst().orElse(null);
        return new RowTokens(ids, reason != null && !samples.isEmpty(), samples.isEmpty() ? reason : null);
    }
}
