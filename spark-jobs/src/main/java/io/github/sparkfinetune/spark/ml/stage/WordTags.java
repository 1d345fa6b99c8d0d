package io.github.sparkfinetune.spark.ml.stage;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.tag.Iob2;
import io.github.sparkfinetune.data.tag.TaggedRecords;
import io.github.sparkfinetune.data.tag.Words;
import io.github.sparkfinetune.data.task.TextCleaner;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;

/**
 * Converts the spans that were found in a row to one tag per word, in IOB2 for entities. A word without a token has the
 * tag {@code O} for entities, else null.
 *
 * @param maxTextBytes length at which the row's text was cut
 */
public record WordTags(int maxTextBytes) implements UDF1<Row, String[]> {
    public static final String TEXT = "text";

    /** @param row JSON object with the text, entities, and tags; entities or tags, or both, are null */
    @Override
    public String[] call(Row row) {
        boolean entities = !row.isNullAt(1);
        if (!entities && row.isNullAt(2)) {
            return null;
        }
        Words words = words(row.getString(0));
        String[] tags = new String[words.size()];
        List<Row> spans = row.getList(entities ? 1 : 2);
        int at = 0;
        int start = 0;
        int unit = 0;
        for (int word = 0; word < tags.length; word++) {
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
                tags[word] = Iob2.tag(label, spans.get(at).<Integer>getAs("start") == start);
            } else {
                tags[word] = Iob2.OUTSIDE;
            }
        }
        return tags;
    }

    private Words words(String json) {
        TextCleaner cleaner = new TextCleaner(maxTextBytes);
        TaggedRecords records = new TaggedRecords(
                TEXT,
                "",
                false,
                text -> cleaner.clean(text.getBytes(StandardCharsets.UTF_8)).redacted());
        try {
            return records.read(json).words();
        } catch (UnusableRowException e) {
            throw new IllegalStateException("a row that cannot be used was predicted: " + e.reason(), e);
        }
    }
}
