package io.github.sparkfinetune.data.task.classification;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.TextRows;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One number for each text, finite in F32. The model's one output is called {@value #NAME}, as in {@code transformers};
 * every row has that label. All rows have one stratum: the exact share is held out. Of equal texts with different
 * numbers, deduplication keeps the same one on every cluster. Bytes of a label: 8 bytes of the number.
 */
final class NumberLabel implements Labelling {
    /** Name of the output. */
    static final String NAME = "LABEL_0";
    /** Reason: a label is not a number. */
    static final String NOT_A_NUMBER = "label_not_a_number";

    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");

    @Override
    public LabelReader reader(DataFormat format) {
        return label -> {
            if (label == null || label.isEmpty()) {
                throw new UnusableRowException(UnusableRowException.NO_LABEL);
            }
            double number = NUMBER.matcher(label).matches() ? Double.parseDouble(label) : Double.NaN;
            if (!Float.isFinite((float) number)) {
                throw new UnusableRowException(NOT_A_NUMBER);
            }
            return new LabelReader.Label(CleanRow.ALL, Set.of(NAME), number);
        };
    }

    @Override
    public SampleSchema.Column column() {
        return SampleSchema.Column.TARGETS;
    }

    @Override
    public Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found) {
        return found;
    }

    @Override
    public List<String> names(Collection<String> found) {
        return List.copyOf(found);
    }

    @Override
    public byte[] bytes(CleanRow<TextRows.Content> row, Map<String, Integer> ids) {
        return ByteBuffer.allocate(Double.BYTES)
                .order(ByteOrder.nativeOrder())
                .putDouble(Objects.requireNonNullElse(row.content().number(), Double.NaN))
                .array();
    }

    @Override
    public Sample sample(Sample text, ByteBuffer bytes, String stratum, Map<String, Integer> ids) {
        return text.withTargets(bytes.getDouble());
    }

    @Override
    public int[] labels(Sample sample) {
        return new int[] {0};
    }
}
