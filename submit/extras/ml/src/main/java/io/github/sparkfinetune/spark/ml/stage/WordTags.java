package io.github.sparkfinetune.spark.ml.stage;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.tag.Iob2;
import io.github.sparkfinetune.data.tag.TaggedRecords;
import io.github.sparkfinetune.data.tag.Words;
import io.github.sparkfinetune.data.task.TextCleaner;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.spark.entity.EntityModels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;

/**
 * Converts the spans that were found in a row to one tag per word, in IOB2 for entities. A word without a token has the
 * tag {@code O} for entities, else null. Words that were replaced together have one entity or tag.
 */
public final class WordTags implements UDF1<Row, String[]> {
    private static final long serialVersionUID = 1L;
    private static final String JSON = "json";
    private static final String ENTITIES = "entities";
    private static final String TAGS = "tags";
    private static final String PERSON = "person";

    private final TextCleaning cleaning;
    private final EntityModels entities;
    private final String column;
    /** Opened by the first row of a task, because opening takes longer than a row. A task has its own copy of this. */
    private transient TextCleaner cleaner;

    /**
     * @param cleaning cleaning of a row's text, as for the prediction
     * @param entities model of {@code data.redact}, as for the prediction
     * @param column name of the text in a row
     */
    public WordTags(TextCleaning cleaning, EntityModels entities, String column) {
        this.cleaning = cleaning;
        this.entities = entities;
        this.column = column;
    }

    /**
     * Returns the row that {@link #call} converts.
     *
     * @param json JSON object that was predicted
     * @param entities entities, may be null
     * @param tags tags, may be null
     * @param person person of the row
     */
    public static Column row(Column json, Column entities, Column tags, Column person) {
        return functions.struct(json.as(JSON), entities.as(ENTITIES), tags.as(TAGS), person.as(PERSON));
    }

    @Override
    public String[] call(Row row) {
        boolean entities = !row.isNullAt(row.fieldIndex(ENTITIES));
        int found = row.fieldIndex(entities ? ENTITIES : TAGS);
        if (row.isNullAt(found)) {
            return null;
        }
        Words words = words(row.getAs(JSON), row.getAs(PERSON));
        String[] tags = new String[words.size()];
        List<Row> spans = row.getList(found);
        int at = 0;
        int start = 0;
        int unit = 0;
        for (int word = 0; word < tags.length; word++) {
            boolean goesOn = word > 0 && words.starts()[word] == unit;
            start += words.text().codePointCount(unit, words.starts()[word]);
            unit = words.starts()[word];
            while (at < spans.size() && spans.get(at).<Integer>getAs("end") <= start) {
                at++;
            }
            boolean inside = at < spans.size() && spans.get(at).<Integer>getAs("start") <= start;
            String label = inside ? spans.get(at).getAs("label") : null;
            if (!entities) {
                tags[word] = label;
            } else if (inside) {
                tags[word] = Iob2.tag(label, !goesOn && spans.get(at).<Integer>getAs("start") == start);
            } else {
                tags[word] = Iob2.OUTSIDE;
            }
        }
        return tags;
    }

    private Words words(String json, String person) {
        cleaner = cleaner == null ? cleaning.open(entities.open()) : cleaner;
        cleaner.begin(person, () -> json);
        TaggedRecords records = new TaggedRecords(
                column,
                "",
                false,
                text -> cleaner.clean(text.getBytes(StandardCharsets.UTF_8)).redacted());
        try {
            return records.words(json);
        } catch (UnusableRowException e) {
            throw new IllegalStateException("a row that cannot be used was predicted: " + e.reason(), e);
        }
    }
}
