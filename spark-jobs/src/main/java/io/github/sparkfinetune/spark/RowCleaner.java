package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.data.TextCleaner;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.catalyst.InternalRow;

/** Cleans the rows of one partition and hashes their content. Not for concurrent use. */
final class RowCleaner {
    static final String MALFORMED = "malformed_record";
    static final String NO_TEXT = "no_text";
    static final String NO_PAIR = "no_text_pair";
    static final String NO_LABEL = "no_label";
    static final String BINARY = "binary_text";
    static final String EMPTY = "empty_text";

    private final TextCleaner cleaner;
    private final MessageDigest digest;
    private final CleaningRules rules;

    RowCleaner(CleaningRules rules) {
        this.rules = rules;
        this.cleaner = new TextCleaner(rules.maxTextBytes());
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    CleanRow clean(InternalRow row) {
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
        String label = rules.labelled() ? label(row, file) : null;
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
        ByteBuffer hash = hash(text, pair);
        return new CleanRow(
                text.text(),
                pair == null ? null : pair.text(),
                label,
                file,
                hash.getLong(),
                hash.getLong(),
                text.repaired() || (pair != null && pair.repaired()),
                text.cut() || (pair != null && pair.cut()),
                null);
    }

    private ByteBuffer hash(TextCleaner.Cleaned text, TextCleaner.Cleaned pair) {
        digest.update(text.utf8());
        if (pair != null) {
            // No cleaned text holds a null byte, so it tells ("ab", "c") from ("a", "bc").
            digest.update((byte) 0);
            digest.update(pair.utf8());
        }
        return ByteBuffer.wrap(digest.digest());
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
