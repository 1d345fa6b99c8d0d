package io.github.sparkfinetune.data.task.classification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelNames;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.TextRows;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Any number of labels for each text. They are a list of names or numbers (in CSV a JSON list in brackets), or one text
 * of names separated by {@code |}. Blank names are ignored, and a repeated name counts once.
 *
 * <p>A row with an empty list or an empty text has no label. An empty field of CSV also means no label, because CSV has
 * no other way to say so. In other formats a row without a value cannot be used.
 *
 * <p>All rows have one stratum: the exact share is held out, regardless of labels. Of equal texts with different
 * labels, deduplication keeps the same one on every cluster. Bytes of a label: 4 bytes for each id, ascending.
 */
final class MultiLabel implements Labelling {
    /** Reason: a list has an element that is neither a name nor a number. */
    static final String MALFORMED = "malformed_labels";

    private static final String SEPARATOR = "\\|";

    @Override
    public LabelReader reader(DataFormat format) {
        boolean emptyIsNull = format.hasQuotedFields();
        return label -> {
            if (label == null && !emptyIsNull) {
                throw new UnusableRowException(UnusableRowException.NO_LABEL);
            }
            return new LabelReader.Label(CleanRow.ALL, names(label == null ? "" : label), null);
        };
    }

    private static Set<String> names(String label) throws UnusableRowException {
        Set<String> names = new TreeSet<>();
        for (String name : label.startsWith("[") ? list(label) : List.of(label.split(SEPARATOR, -1))) {
            if (!name.isBlank()) {
                names.add(name.strip());
            }
        }
        return names;
    }

    private static List<String> list(String json) throws UnusableRowException {
        JsonNode list;
        try {
            list = JsonFiles.MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UnusableRowException(MALFORMED);
        }
        List<String> names = new ArrayList<>();
        for (JsonNode name : list) {
            if (!name.isTextual() && !name.isNumber()) {
                throw new UnusableRowException(MALFORMED);
            }
            names.add(name.asText());
        }
        return names;
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
        if (found.isEmpty()) {
            throw RunException.data("data.train: no row has a label: multi_label_classification needs at least one");
        }
        return LabelNames.sorted(found);
    }

    @Override
    public byte[] bytes(CleanRow<TextRows.Content> row, Map<String, Integer> ids) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Integer.BYTES * row.labels().size()).order(ByteOrder.nativeOrder());
        row.labels().stream().map(ids::get).sorted().forEach(bytes::putInt);
        return bytes.array();
    }

    @Override
    public Sample sample(Sample text, ByteBuffer bytes, String stratum, Map<String, Integer> ids) {
        double[] targets = new double[ids.size()];
        while (bytes.hasRemaining()) {
            targets[bytes.getInt()] = 1;
        }
        return text.withTargets(targets);
    }

    @Override
    public int[] labels(Sample sample) {
        double[] targets = sample.targets();
        return IntStream.range(0, targets.length).filter(id -> targets[id] == 1).toArray();
    }
}
