package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.corpus.CorpusCleaner;
import io.github.sparkfinetune.data.redact.SubjectHash;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A row of a source, cleaned.
 *
 * @param content what is tokenized; null where the row cannot be used
 * @param stratum rows are held out by stratum, of each the same share: a row's label, or {@value #ALL}
 * @param labels names of the labels in the row's content, where they are not its stratum
 * @param file where it comes from
 * @param hash of its content; null where the row cannot be used
 * @param splitKey decides on which side of the split the row lies; null where its content does
 * @param subject keyed hash of {@code data.subject}; null without it, or where the row cannot be used
 * @param changes what cleaning did to its texts
 * @param verdict why it cannot be used, or is left out on purpose
 */
public record CleanRow<C>(
        C content,
        String stratum,
        Set<String> labels,
        String file,
        ContentHash hash,
        SplitKey splitKey,
        SubjectHash subject,
        Changes changes,
        Verdict verdict) {
    /** The one stratum of all rows. */
    public static final String ALL = "";

    /**
     * The stratum of training rows without a label, which only a teacher labels; none of them is held out. It is the
     * last by name, so that of rows with equal content a row with a label is kept.
     */
    public static final String UNLABELLED = "\uffff";

    /**
     * Changes by cleaning a row's texts.
     *
     * @param repaired whether bytes were removed
     * @param cut whether a text was cut at {@code data.max_text_bytes}
     * @param redacted number of replaced parts, by entity
     */
    public record Changes(boolean repaired, boolean cut, Map<String, Integer> redacted) {
        public static final Changes NONE = new Changes(false, false, Map.of());

        /** Returns the changes to one text. */
        public static Changes of(TextCleaner.Cleaned text) {
            return new Changes(text.repaired(), text.cut(), text.redacted().counts());
        }

        /** Returns the changes to this text and to others together. */
        public Changes or(Changes other) {
            return new Changes(repaired || other.repaired, cut || other.cut, sums(redacted, other.redacted));
        }

        private static Map<String, Integer> sums(Map<String, Integer> some, Map<String, Integer> others) {
            if (others.isEmpty()) {
                return some;
            }
            Map<String, Integer> sums = new TreeMap<>(some);
            others.forEach((entity, count) -> sums.merge(entity, count, Integer::sum));
            return sums;
        }
    }

    /**
     * Decision on a row.
     *
     * @param badBecause why the row cannot be used, or is left out on purpose; or null
     * @param corpus what {@code data.corpus} made of the text; null where it does nothing, or the row cannot be used
     * @param leftOutFor hash of another document that it is left out for, or null
     */
    public record Verdict(String badBecause, CorpusCleaner.Cleaned corpus, ContentHash leftOutFor) {
        static final Verdict USABLE = new Verdict(null, null, null);
    }

    /** A row that can be used, of which {@code data.corpus} makes nothing. */
    public static <C> CleanRow<C> usable(
            C content, String stratum, Set<String> labels, String file, ContentHash hash, Changes changes) {
        return new CleanRow<>(content, stratum, labels, file, hash, null, null, changes, Verdict.USABLE);
    }

    /** Returns this row without a label. */
    public CleanRow<C> unlabelled() {
        return new CleanRow<>(content, UNLABELLED, Set.of(), file, hash, splitKey, subject, changes, verdict);
    }

    private static <C> CleanRow<C> refused(String file, Verdict verdict) {
        return new CleanRow<>(null, null, Set.of(), file, null, null, null, Changes.NONE, verdict);
    }

    /** A row that a filter of {@code data.corpus} rejects. */
    static <C> CleanRow<C> rejected(String file, CorpusCleaner.Cleaned corpus) {
        return refused(file, new Verdict(corpus.rejectedBecause(), corpus, null));
    }

    /**
     * This row, left out on purpose for what it has in common with another document.
     *
     * @param text the row's
     * @param other hash of the other document
     */
    public CleanRow<C> leftOut(String text, String reason, ContentHash other) {
        return refused(file, new Verdict(reason, new CorpusCleaner.Cleaned(text, reason, Map.of()), other));
    }

    /** Returns this row with other content, made from its own if it can be used. */
    public <D> CleanRow<D> map(Function<C, D> made) {
        D other = content == null ? null : made.apply(content);
        return new CleanRow<>(other, stratum, labels, file, hash, splitKey, subject, changes, verdict);
    }

    /** Returns this row with a split key. */
    public CleanRow<C> with(SplitKey key) {
        return new CleanRow<>(content, stratum, labels, file, hash, key, subject, changes, verdict);
    }

    /** Returns this row with a subject. */
    public CleanRow<C> with(SubjectHash of) {
        return new CleanRow<>(content, stratum, labels, file, hash, splitKey, of, changes, verdict);
    }

    /**
     * Returns the usable row's place in the order in which rows are held out.
     *
     * @param seed as {@code data.seed}
     */
    public long place(long seed) {
        return splitKey == null ? RowKey.splitHash(seed, hash.second()) : splitKey.place();
    }

    /** Returns why the row cannot be used, or is left out on purpose; or null. */
    public String badBecause() {
        return verdict.badBecause();
    }

    /** Returns whether it is left out on purpose, by a filter or for another document. */
    public boolean isRejected() {
        return verdict.corpus() != null && verdict.corpus().rejectedBecause() != null;
    }

    /** A row that cannot be used. */
    public static <C> CleanRow<C> bad(String file, String reason) {
        return refused(file, new Verdict(reason, null, null));
    }
}
