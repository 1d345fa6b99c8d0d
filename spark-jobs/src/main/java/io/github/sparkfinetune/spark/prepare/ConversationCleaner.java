package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.sft.SftRecords;
import io.github.sparkfinetune.data.sft.UnusableRowException;
import io.github.sparkfinetune.data.task.TextCleaner;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.catalyst.InternalRow;

/** Reads conversations of JSON objects and cleans every text in them. Not for concurrent use. */
final class ConversationCleaner implements RowCleaner<SftExample> {
    private final TextCleaner cleaner;
    private final SftRecords records;
    private final ContentHash hash = new ContentHash();
    private boolean repaired;
    private boolean cut;
    private boolean binary;

    /** @param answers whether a row must have an answer */
    ConversationCleaner(SftColumns columns, boolean answers, int maxTextBytes) {
        this.cleaner = new TextCleaner(maxTextBytes);
        this.records = new SftRecords(columns, answers, this::clean);
    }

    private String clean(String text) {
        TextCleaner.Cleaned cleaned = cleaner.clean(text.getBytes(StandardCharsets.UTF_8));
        repaired |= cleaned.repaired();
        cut |= cleaned.cut();
        binary |= cleaned.binary();
        return cleaned.text();
    }

    @Override
    public CleanRow<SftExample> clean(InternalRow row) {
        String file = row.getUTF8String(SourceReader.FILE).toString();
        if (!row.isNullAt(SourceReader.CORRUPT)) {
            return CleanRow.bad(file, MALFORMED);
        }
        repaired = false;
        cut = false;
        binary = false;
        SftExample example;
        try {
            example = records.read(row.getUTF8String(SourceReader.TEXT).toString());
        } catch (UnusableRowException e) {
            return CleanRow.bad(file, e.reason());
        }
        if (binary) {
            return CleanRow.bad(file, BINARY);
        }
        ByteBuffer content = hash.of(SftRecords.content(example));
        return new CleanRow<>(
                example, CleanRow.UNLABELLED, file, content.getLong(), content.getLong(), repaired, cut, null);
    }
}
