package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.corpus.CorpusCleaner;
import java.util.Map;
import java.util.Set;

/**
 * A row of a source, cleaned.
 *
 * @param content what is tokenized; null where the row cannot be used
 * @param stratum rows are held out by stratum, of each the same share: a row's label, or {@value #ALL}
 * @param labels names of the labels in the row's content, where they are not its stratum
 * @param file where it comes from
 * @param hash of its content; null where the row cannot be used
 * @param repaired whether bytes were removed
 * @param cut whether a text was cut at {@code data.max_text_bytes}
 * @param badBecause why the row cannot be used, or is left out on purpose; or null
 * @param corpus what {@code data.corpus} made of the text; null where it does nothing, or the row cannot be used
 * @param leftOutFor hash of another document that it is left out for, or null
 * @param splitKey decides on which side of the split the row lies; null where its content does
 */
public record CleanRow<C>(
        C content,
        String stratum,
        Set<String> labels,
        String file,
        ContentHash hash,
        boolean repaired,
        boolean cut,
        String badBecause,
        CorpusCleaner.Cleaned corpus,
        ContentHash leftOutFor,
        SplitKey splitKey) {
    /** The one stratum of all rows. */
    public static final String ALL = "";

    /** A row of which {@code data.corpus} makes nothing. */
    public CleanRow(
            C content,
            String stratum,
            Set<String> labels,
            String file,
            ContentHash hash,
            boolean repaired,
            boolean cut,
            String badBecause) {
        this(content, stratum, labels, file, hash, repaired, cut, badBecause, null, null, null);
    }

    /** A row that a filter of {@code data.corpus} rejects. */
    static <C> CleanRow<C> rejected(String file, CorpusCleaner.Cleaned corpus) {
        return new CleanRow<>(
                null, null, Set.of(), file, null, false, false, corpus.rejectedBecause(), corpus, null, null);
    }

    /**
     * This row, left out on purpose for what it has in common with another document.
     *
     * @param text the row's
     * @param other hash of the other document
     */
    public CleanRow<C> leftOut(String text, String reason, ContentHash other) {
        CorpusCleaner.Cleaned rejected = new CorpusCleaner.Cleaned(text, reason, Map.of());
        return new CleanRow<>(null, null, Set.of(), file, null, false, false, reason, rejected, other, null);
    }

    /** Returns this row with a split key. */
    public CleanRow<C> with(SplitKey key) {
        return new CleanRow<>(content, stratum, labels, file, hash, repaired, cut, badBecause, corpus, leftOutFor, key);
    }

    /** Whether it is left out on purpose, by a filter or for another document. */
    public boolean isRejected() {
        return corpus != null && corpus.rejectedBecause() != null;
    }

    /** A row that cannot be used. */
    public static <C> CleanRow<C> bad(String file, String reason) {
        return new CleanRow<>(null, null, Set.of(), file, null, false, false, reason);
    }
}
