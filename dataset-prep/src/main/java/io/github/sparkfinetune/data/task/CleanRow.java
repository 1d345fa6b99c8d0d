package io.github.sparkfinetune.data.task;

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
 * @param badBecause why the row cannot be used, or null
 */
public record CleanRow<C>(
        C content,
        String stratum,
        Set<String> labels,
        String file,
        ContentHash hash,
        boolean repaired,
        boolean cut,
        String badBecause) {
    /** The one stratum of all rows. */
    public static final String ALL = "";

    /** A row that cannot be used. */
    static <C> CleanRow<C> bad(String file, String reason) {
        return new CleanRow<>(null, null, Set.of(), file, null, false, false, reason);
    }
}
