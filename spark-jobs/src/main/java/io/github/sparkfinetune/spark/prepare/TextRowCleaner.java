package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.task.TextCleaner;
import java.nio.ByteBuffer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.catalyst.InternalRow;

/** Cleans texts. Not for concurrent use. */
final class TextRowCleaner implements RowCleaner<CleanText> {
    private final TextCleaner cleaner;
    private final ContentHash hash = new ContentHash();
    private final CleaningRules rules;

    TextRowCleaner(CleaningRules rules) {
        this.rules = rules;
        this.cleaner = new TextCleaner(rules.maxTextBytes());
    }

    @Override
    public CleanRow<CleanText> clean(InternalRow row) {
        String file = row.getUTF8String(SourceReader.FILE).toString();
        if (!row.isNullAt(SourceReader.CORRUPT)) {
            return CleanRow.bad(file, MALFORMED);
        }
        if (row.isNullAt(SourceReader.TEXT)) {
            return CleanRow.bad(file, NO_TEXT);
        }
        if (rules.pairs() && row.isNullAt(SourceReader.PAIR)) {
            return CleanRow.bad(file, NO_PAIR);
        }
        String label = rules.labelled() ? label(row, file) : CleanRow.UNLABELLED;
        if (rules.labelled() && (label == null || label.isBlank())) {
            return CleanRow.bad(file, NO_LABEL);
        }
        TextCleaner.Cleaned text =
                cleaner.clean(row.getUTF8String(SourceReader.TEXT).getBytes());
        TextCleaner.Cleaned pair = rules.pairs()
                ? cleaner.clean(row.getUTF8String(SourceReader.PAIR).getBytes())
                : null;
        if (text.binary() || (pair != null && pair.binary())) {
            return CleanRow.bad(file, BINARY);
        }
        if (text.empty()) {
            return CleanRow.bad(file, EMPTY);
        }
        ByteBuffer content = pair == null ? hash.of(text.utf8()) : hash.of(text.utf8(), pair.utf8());
        return new CleanRow<>(
                new CleanText(text.text(), pair == null ? null : pair.text()),
                label,
                file,
                content.getLong(),
                content.getLong(),
                text.repaired() || (pair != null && pair.repaired()),
                text.cut() || (pair != null && pair.cut()),
                null);
    }

    private String label(InternalRow row, String file) {
        if (rules.folder() == null) {
            return row.isNullAt(SourceReader.LABEL)
                    ? null
                    : row.getUTF8String(SourceReader.LABEL).toString().strip();
        }
        Path parent = new Path(file).getParent();
        // A file that lies in the source folder itself is in no label's folder.
        return parent.toUri().getPath().equals(rules.folder()) ? null : parent.getName();
    }
}
