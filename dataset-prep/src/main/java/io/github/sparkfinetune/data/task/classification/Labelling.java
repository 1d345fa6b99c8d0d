package io.github.sparkfinetune.data.task.classification;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSchema;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TextRows;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The label of texts: how it is read, how it travels, and what of it a sample has. */
interface Labelling {

    /** How texts of a problem are labelled. */
    static Labelling of(ProblemType problem) {
        return switch (problem) {
            case SINGLE_LABEL_CLASSIFICATION -> new SingleLabel();
            case MULTI_LABEL_CLASSIFICATION -> new MultiLabel();
            case REGRESSION -> new NumberLabel();
        };
    }

    /** What reads the labels of a source. */
    LabelReader reader(DataFormat format);

    /** The column that holds a sample's label. */
    SampleSchema.Column column();

    /** As {@link TaskData#rowsPerLabel}. */
    Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found);

    /** As {@link TaskData#labelNames}. */
    List<String> names(Collection<String> found);

    /**
     * A row's label as it travels.
     *
     * @param ids of the label names
     */
    byte[] bytes(CleanRow<TextRows.Content> row, Map<String, Integer> ids);

    /**
     * The sample of a row.
     *
     * @param text its tokens
     * @param bytes of {@link #bytes}, in the same order of bytes
     * @param stratum of the row
     * @param ids of the label names
     */
    Sample sample(Sample text, ByteBuffer bytes, String stratum, Map<String, Integer> ids);

    /** Ids of the labels that a sample has. */
    int[] labels(Sample sample);
}
