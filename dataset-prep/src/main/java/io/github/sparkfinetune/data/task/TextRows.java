package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.corpus.CorpusCleaner;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.Path;

/**
 * Rows with a text, an optional second text and an optional label, in the columns that {@code data.text},
 * {@code data.text_pair} and {@code data.label} name. For files in folders, a file is a text and its folder's name is
 * the label.
 *
 * @param cleaning cleaning of a text
 * @param pairs true if rows have a second text
 * @param labels reader of a row's label, or null for rows without
 * @param folder the source's own folder if folders are labels, which is no label itself; else null
 * @param corpus preparation of texts that are documents, or null
 * @param filtered true if documents may be rejected
 */
public record TextRows(
        TextCleaning cleaning, boolean pairs, LabelReader labels, String folder, CorpusConfig corpus, boolean filtered)
        implements RowCleaner.Factory<TextRows.Content> {
    private static final String NO_PAIR = "no_text_pair";

    private static final int TEXT = 0;
    private static final int PAIR = 1;

    /**
     * A cleaned text, or pair of texts.
     *
     * @param pair second text, or null
     * @param number value of a label that is a number, or null
     */
    public record Content(String text, String pair, Double number) {
        /** Returns the text, to show the row. */
        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Returns the reading of a source.
     *
     * @param labels reader of a row's label, or null for rows without
     */
    public static Reading<Content> reading(DataConfig data, RawSource source, LabelReader labels) {
        boolean pairs = data.textPair() != null;
        Optional<DataFormat.BareText> bare = source.format().bareText();
        if (bare.isPresent() && pairs) {
            throw RunException.config("data.text_pair: " + data.textPair() + " cannot be used with "
                    + bare.get().rows() + ": use jsonl, csv or parquet");
        }
        boolean labelled = labels != null && labels.hasColumn();
        if (bare.isPresent() && labelled && !source.format().hasLabels()) {
            throw RunException.config(
                    source.key() + ": " + source.path() + " " + bare.get().source()
                            + " (data.format), which have no label: use text_folders, jsonl, csv or parquet");
        }
        List<Reading.Column> columns = new ArrayList<>();
        columns.add(new Reading.Column("data.text", data.text(), UnusableRowException.NO_TEXT, true));
        if (pairs) {
            columns.add(new Reading.Column("data.text_pair", data.textPair(), NO_PAIR, false));
        }
        if (labelled) {
            columns.add(new Reading.Column("data.label", data.label(), UnusableRowException.NO_LABEL, false));
        }
        String folder = source.format().hasLabelFolders()
                ? new Path(source.path()).toUri().getPath()
                : null;
        return new Reading.Texts<>(columns, new TextRows(TextCleaning.of(data), pairs, labels, folder, null, false));
    }

    /**
     * Returns the reading of a source of documents: rows without label, which {@code data.corpus} cleans. Training
     * documents are also filtered; documents to predict from stay as they are.
     */
    public static Reading<Content> documents(DataConfig data, RawSource source) {
        Reading.Texts<Content> texts = (Reading.Texts<Content>) reading(data, source, null);
        if (source.split() == null || !data.corpus().cleans()) {
            return texts;
        }
        boolean filtered = source.split().equals(Manifest.TRAIN);
        return new Reading.Texts<>(
                texts.columns(), new TextRows(TextCleaning.of(data), false, null, null, data.corpus(), filtered));
    }

    /** Returns the options of a dataset whose documents are texts. */
    public static DatasetOptions documentOptions(DataConfig data, TokenizerFiles files) {
        return DatasetOptions.of(data, files)
                .withColumns(data.text(), data.textPair(), null)
                .withDocuments(new DatasetOptions.DocumentOptions(
                        data.packing(), data.packing() == Packing.WRAPPED ? null : data.overlong(), null, null));
    }

    /** Refuses {@code data.corpus} for a task whose rows are not documents. */
    public static void refuseCorpus(DataConfig data) {
        if (data.corpus().isUsed()) {
            throw RunException.config(
                    "data.corpus: it prepares documents, as tasks causal-lm and masked-lm have them: remove it");
        }
    }

    /**
     * Refuses files and lines that are a text each, for a task whose rows have more than a text.
     *
     * @param lacking predicate of the message, about the texts
     * @param others formats to use instead
     */
    public static void refuseBareTexts(RawSource source, String lacking, String others) {
        source.format().bareText().ifPresent(bare -> {
            throw RunException.config(source.key() + ": " + source.path() + " " + bare.source() + ", which " + lacking
                    + ": use " + others);
        });
    }

    /** Refuses a second text for a task that cannot use it. */
    public static void refusePair(DataConfig data) {
        if (data.textPair() != null) {
            throw RunException.config("data.text_pair: " + data.textPair() + " is for task classification: remove it");
        }
    }

    @Override
    public RowCleaner<Content> open(ModelSpans byModel) {
        TextCleaner cleaner = cleaning.open(byModel);
        ContentHash.Digest digest = new ContentHash.Digest();
        CorpusCleaner documents = corpus == null ? null : new CorpusCleaner(corpus, filtered);
        return row -> clean(row, cleaner, documents, digest);
    }

    private CleanRow<Content> clean(
            RawRow row, TextCleaner cleaner, CorpusCleaner documents, ContentHash.Digest digest) {
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
        cleaner.begin(row);
        TextCleaner.Cleaned text = cleaner.clean(rawText);
        TextCleaner.Cleaned pair = pairs ? cleaner.clean(rawPair) : null;
        if (text.binary() || (pair != null && pair.binary())) {
            return CleanRow.bad(file, UnusableRowException.BINARY);
        }
        if (text.empty()) {
            return CleanRow.bad(file, UnusableRowException.EMPTY);
        }
        if (documents != null) {
            return document(file, text, documents.clean(text.text()), digest);
        }
        CleanRow.Changes changes = CleanRow.Changes.of(text);
        return CleanRow.usable(
                new Content(text.text(), pair == null ? null : pair.text(), label.number()),
                label.stratum(),
                label.names(),
                file,
                pair == null ? digest.of(text.utf8()) : digest.of(text.utf8(), pair.utf8()),
                pair == null ? changes : changes.or(CleanRow.Changes.of(pair)));
    }

    private static CleanRow<Content> document(
            String file, TextCleaner.Cleaned raw, CorpusCleaner.Cleaned cleaned, ContentHash.Digest digest) {
        if (cleaned.rejectedBecause() != null) {
            return CleanRow.rejected(file, cleaned);
        }
        if (cleaned.text().isBlank()) {
            return CleanRow.bad(file, UnusableRowException.EMPTY);
        }
        return new CleanRow<>(
                new Content(cleaned.text(), null, null),
                CleanRow.ALL,
                Set.of(),
                file,
                digest.of(cleaned.text().getBytes(StandardCharsets.UTF_8)),
                null,
                null,
                CleanRow.Changes.of(raw),
                new CleanRow.Verdict(null, cleaned, null));
    }

    private String label(RawRow row, String file) {
        if (!labels.hasColumn()) {
            return null;
        }
        if (folder == null) {
            String label = row.text(pairs ? PAIR + 1 : PAIR);
            return label == null ? null : label.strip();
        }
        Path parent = new Path(file).getParent();
        // A file in the source folder itself is in no label's folder.
        return parent.toUri().getPath().equals(folder) ? null : parent.getName();
    }
}
