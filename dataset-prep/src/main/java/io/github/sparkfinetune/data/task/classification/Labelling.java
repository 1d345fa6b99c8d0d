package io.github.sparkfinetune.data.task.classification;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TextRows;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** A kind of label of texts: its reader, its bytes, and its place in a sample. */
interface Labelling {

    /** Returns the labelling of a problem. */
    static Labelling of(ProblemType problem) {
        return switch (problem) {
            case SINGLE_LABEL_CLASSIFICATION -> new SingleLabel();
            case MULTI_LABEL_CLASSIFICATION -> new MultiLabel();
            case REGRESSION -> new NumberLabel();
        };
    }

    /** Returns the reader of a source's labels. */
    LabelReader reader(DataFormat format);

    /** Returns the column of a sample's label. */
    SampleSchema.Column column();

    /** Returns the counts of {@link TaskData#rowsPerLabel}. */
    Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found);

    /** Returns the names of {@link TaskData#labelNames}. */
    List<String> names(Collection<String> found);

    /**
     * Encodes a row's label as bytes.
     *
     * @param ids ids of the label names
     */
    byte[] bytes(CleanRow<TextRows.Content> row, Map<String, Integer> ids);

    /**
     * Returns the sample of a row.
     *
     * @param text sample with the row's tokens
     * @param bytes result of {@link #bytes}, in the same byte order
     * @param stratum stratum of the row
     * @param ids ids of the label names
     */
    Sample sample(Sample text, ByteBuffer bytes, String stratum, Map<String, Integer> ids);

    /** Returns the ids of a sample's labels. */
    int[] labels(Sample sample);
}
