package io.github.sparkfinetune.data.task.classification;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelNames;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.TextRows;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One label for each text, or none ({@link OptionalLabel}). The label is the row's stratum, so the same share of every
 * label is held out. Of equal texts with different labels, deduplication keeps the label that is first by name.
 */
final class SingleLabel implements Labelling {

    @Override
    public LabelReader reader(DataFormat format) {
        return label -> {
            if (label == null || label.isEmpty()) {
                throw new UnusableRowException(UnusableRowException.NO_LABEL);
            }
            return new LabelReader.Label(label, Set.of(), null);
        };
    }

    @Override
    public SampleSchema.Column column() {
        return SampleSchema.Column.LABEL;
    }

    @Override
    public Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found) {
        Map<String, Long> labelled = new TreeMap<>(strata);
        labelled.remove(CleanRow.UNLABELLED);
        return labelled;
    }

    @Override
    public List<String> names(Collection<String> found) {
        List<String> names = LabelNames.sorted(found);
        if (names.size() < 2) {
            throw RunException.data("data.train: every row has the label " + names.get(0)
                    + ": classification needs at least two labels");
        }
        return names;
    }

    @Override
    public byte[] bytes(CleanRow<TextRows.Content> row, Map<String, Integer> ids) {
        return new byte[0];
    }

    @Override
    public Sample sample(Sample text, ByteBuffer bytes, String stratum, Map<String, Integer> ids) {
        return new Sample(
                text.index(),
                text.inputIds(),
                text.tokenTypeIds(),
                stratum.equals(CleanRow.UNLABELLED) ? -1 : ids.get(stratum));
    }

    @Override
    public int[] labels(Sample sample) {
        return sample.label() < 0 ? new int[0] : new int[] {sample.label()};
    }
}
