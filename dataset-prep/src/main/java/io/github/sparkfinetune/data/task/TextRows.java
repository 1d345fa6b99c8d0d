package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * Rows with a text, a second one and a label in the columns that {@code data.text}, {@code data.text_pair} and
 * {@code data.label} name; or files in folders, where a file is a text and its folder's name the label.
 *
 * @param maxTextBytes where a text is cut
 * @param pairs whether rows have a second text
 * @param labels what reads a row's label, or null where rows have none
 * @param folder where a file's folder is its label: the source's own folder, which is none; else null
 */
record TextRows(int maxTextBytes, boolean pairs, LabelReader labels, String folder)
        implements RowCleaner.Factory<TextRows.Content> {
    private static final String NO_PAIR = "no_text_pair";

    private static final int TEXT = 0;
    private static final int PAIR = 1;

    /**
     * A cleaned text, or pair of texts.
     *
     * @param pair the second text, or null
     * @param number its label where that is a number, or null
     */
    record Content(String text, String pair, Double number) {
        /** The text, for whoever shows the row. */
        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * How a source is read.
     *
     * @param labels what reads a row's label, or null where rows have none
     */
    static Reading<Content> reading(DataConfig data, RawSource source, LabelReader labels) {
        boolean pairs = data.textPair() != null;
        boolean folders = source.format() == DataFormat.TEXT_FOLDERS;
        if (folders && pairs) {
            throw RunException.config("data.text_pair: " + data.textPair()
                    + " cannot be used with text folders, where a file is one text: use jsonl, csv or parquet");
        }
        List<Reading.Column> columns = new ArrayList<>();
        columns.add(new Reading.Column("data.text", data.text(), UnusableRowException.NO_TEXT, true));
        if (pairs) {
            columns.add(new Reading.Column("data.text_pair", data.textPair(), NO_PAIR, false));
        }
        if (labels != null) {
            columns.add(new Reading.Column("data.label", data.label(), UnusableRowException.NO_LABEL, false));
        }
        String folder = folders ? new Path(source.path()).toUri().getPath() : null;
        return new Reading.Texts<>(columns, new TextRows(data.maxTextBytes(), pairs, labels, folder));
    }

    /** Refuses a second text for a task that has no use for one. */
    static void refusePair(DataConfig data) {
        if (data.textPair() != null) {
            throw RunException.config("data.text_pair: " + data.textPair() + " is for task classification: remove it");
        }
    }

    @Override
    public RowCleaner<Content> open() {
        TextCleaner cleaner = new TextCleaner(maxTextBytes);
        ContentHash.Digest digest = new ContentHash.Digest();
        return row -> clean(row, cleaner, digest);
    }

    private CleanRow<Content> clean(RawRow row, TextCleaner cleaner, ContentHash.Digest digest) {
        String file = row.file();
        if (row.isCorrupt()) {
            return CleanRow.bad(file, UnusableRowException.MALFORMED);
        }
        byte[] rawText = row.bytes(TEXT);
        if (rawText == null) {
            return CleanRow.bad(file, UnusableRowException.NO_TEXT);
        }
        byte[] rawPair = pairs ? row.bytes(PAIR) : null;
        if (pairs && rawPair == null) {
            return CleanRow.bad(file, NO_PAIR);
        }
        LabelReader.Label label;
        try {
            label = labels == null ? LabelReader.Label.NONE : labels.read(label(row, file));
        } catch (UnusableRowException e) {
            return CleanRow.bad(file, e.reason());
        }
        TextCleaner.Cleaned text = cleaner.clean(rawText);
        TextCleaner.Cleaned pair = pairs ? cleaner.clean(rawPair) : null;
        if (text.binary() || (pair != null && pair.binary())) {
            return CleanRow.bad(file, UnusableRowException.BINARY);
        }
        if (text.empty()) {
            return CleanRow.bad(file, UnusableRowException.EMPTY);
        }
        return new CleanRow<>(
                new Content(text.text(), pair == null ? null : pair.text(), label.number()),
                label.stratum(),
                label.names(),
                file,
                pair == null ? digest.of(text.utf8()) : digest.of(text.utf8(), pair.utf8()),
                text.repaired() || (pair != null && pair.repaired()),
                text.cut() || (pair != null && pair.cut()),
                null);
    }

    private String label(RawRow row, String file) {
        if (folder == null) {
            String label = row.text(pairs ? PAIR + 1 : PAIR);
            return label == null ? null : label.strip();
        }
        Path parent = new Path(file).getParent();
        // A file that lies in the source folder itself is in no label's folder.
        return parent.toUri().getPath().equals(folder) ? null : parent.getName();
    }
}
