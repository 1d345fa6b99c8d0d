package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.sft.SftRecords;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Rows that are JSON objects of their columns: conversations, instructions, prompts, texts that belong together.
 *
 * @param <C> content of a row
 * @param reader reader of one row
 * @param cleaning cleaning of a text
 */
public record JsonRows<C>(Reader<C> reader, TextCleaning cleaning) implements RowCleaner.Factory<C> {

    /** Reader of rows. */
    public interface Reader<C> extends Serializable {
        /**
         * Reads a row.
         *
         * @param json an object of columns
         * @param cleaner cleans every text
         */
        C read(String json, UnaryOperator<String> cleaner) throws UnusableRowException;
    }

    @Override
    public RowCleaner<C> open(ModelSpans byModel) {
        return new Cleaner(byModel);
    }

    /** Cleans every text of a row. */
    private final class Cleaner implements RowCleaner<C> {
        private final TextCleaner cleaner;
        private final ContentHash.Digest digest = new ContentHash.Digest();
        private CleanRow.Changes changes;
        private boolean binary;

        Cleaner(ModelSpans byModel) {
            this.cleaner = cleaning.open(byModel);
        }

        private String clean(String text) {
            TextCleaner.Cleaned cleaned = cleaner.clean(text.getBytes(StandardCharsets.UTF_8));
            changes = changes.or(CleanRow.Changes.of(cleaned));
            binary |= cleaned.binary();
            return cleaned.text();
        }

        @Override
        public CleanRow<C> clean(RawRow row) {
            String file = row.file();
            if (row.isCorrupt()) {
                return CleanRow.bad(file, UnusableRowException.MALFORMED);
            }
            cleaner.begin(row);
            changes = CleanRow.Changes.NONE;
            binary = false;
            C example;
            try {
                example = reader.read(row.text(0), this::clean);
            } catch (UnusableRowException e) {
                return CleanRow.bad(file, e.reason());
            }
            if (binary) {
                return CleanRow.bad(file, UnusableRowException.BINARY);
            }
            ContentHash hash = digest.of(SftRecords.content(example));
            return CleanRow.usable(example, CleanRow.ALL, Set.of(), file, hash, changes);
        }
    }
}
