package io.github.sparkfinetune.data.task.token;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redacted;
import io.github.sparkfinetune.data.tag.TaggedRecords;
import io.github.sparkfinetune.data.tag.TaggedWords;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TextCleaner;
import io.github.sparkfinetune.data.task.TextCleaning;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/**
 * Rows of words or texts with tags or spans, each a JSON object of its columns. The content hash leaves out the tags.
 *
 * @param textColumn column of the words or the text
 * @param labelColumn column of the tags or spans
 * @param labelled true if rows must have tags or spans
 * @param cleaning cleaning of a text
 */
record TaggedRows(String textColumn, String labelColumn, boolean labelled, TextCleaning cleaning)
        implements RowCleaner.Factory<TaggedWords> {

    @Override
    public RowCleaner<TaggedWords> open(ModelSpans byModel) {
        return new Cleaner(byModel);
    }

    /** Cleans the one text of a row. */
    private final class Cleaner implements RowCleaner<TaggedWords> {
        private final TextCleaner cleaner;
        private final TaggedRecords records = new TaggedRecords(textColumn, labelColumn, labelled, this::clean);
        private final ContentHash.Digest digest = new ContentHash.Digest();
        private TextCleaner.Cleaned cleaned;

        Cleaner(ModelSpans byModel) {
            this.cleaner = cleaning.open(byModel);
        }

        private Redacted clean(String text) {
            cleaned = cleaner.clean(text.getBytes(StandardCharsets.UTF_8));
            return cleaned.redacted();
        }

        @Override
        public CleanRow<TaggedWords> clean(RawRow row) {
            String file = row.file();
            if (row.isCorrupt()) {
                return CleanRow.bad(file, UnusableRowException.MALFORMED);
            }
            cleaner.begin(row);
            TaggedWords words;
            try {
                words = records.read(row.text(0));
            } catch (UnusableRowException e) {
                return CleanRow.bad(file, e.reason());
            }
            if (cleaned.binary()) {
                return CleanRow.bad(file, UnusableRowException.BINARY);
            }
            if (cleaned.empty()) {
                return CleanRow.bad(file, UnusableRowException.EMPTY);
            }
            return CleanRow.usable(
                    words, CleanRow.ALL, new HashSet<>(words.tags()), file, hash(words), CleanRow.Changes.of(cleaned));
        }

        private ContentHash hash(TaggedWords row) {
            // The number separates words from a text, which is tokenized differently.
            List<String> content = new ArrayList<>();
            content.add(row.isSplit() ? String.valueOf(row.words().size()) : "");
            content.addAll(
                    row.isSplit() ? row.words().list() : List.of(row.words().text()));
            return digest.of(content.stream()
                    .map(text -> text.getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new));
        }
    }
}
