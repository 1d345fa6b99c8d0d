package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.sft.SftRecords;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TextCleaner;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Rows with conversations, instructions or prompts, each a JSON object of its columns.
 *
 * @param columns the set of columns that the source has
 * @param answers whether a row must have an answer
 * @param maxTextBytes where a text is cut
 */
record ConversationRows(SftColumns columns, boolean answers, int maxTextBytes)
        implements RowCleaner.Factory<SftExample> {

    @Override
    public RowCleaner<SftExample> open() {
        return new Cleaner();
    }

    /** Cleans every text of a row. */
    private final class Cleaner implements RowCleaner<SftExample> {
        private final TextCleaner cleaner = new TextCleaner(maxTextBytes);
        private final SftRecords records = new SftRecords(columns, answers, this::clean);
        private final ContentHash.Digest digest = new ContentHash.Digest();
        private boolean repaired;
        private boolean cut;
        private boolean binary;

        private String clean(String text) {
            TextCleaner.Cleaned cleaned = cleaner.clean(text.getBytes(StandardCharsets.UTF_8));
            repaired |= cleaned.repaired();
            cut |= cleaned.cut();
            binary |= cleaned.binary();
            return cleaned.text();
        }

        @Override
        public CleanRow<SftExample> clean(RawRow row) {
            String file = row.file();
            if (row.isCorrupt()) {
                return CleanRow.bad(file, UnusableRowException.MALFORMED);
            }
            repaired = false;
            cut = false;
            binary = false;
            SftExample example;
            try {
                example = records.read(row.text(0));
            } catch (UnusableRowException e) {
                return CleanRow.bad(file, e.reason());
            }
            if (binary) {
                return CleanRow.bad(file, UnusableRowException.BINARY);
            }
            ContentHash hash = digest.of(SftRecords.content(example));
            return new CleanRow<>(example, CleanRow.ALL, Set.of(), file, hash, repaired, cut, null);
        }
    }
}
