package io.github.sparkfinetune.spark.prepare;

/**
 * A row of a source, cleaned.
 *
 * @param content what is tokenized; null where the row cannot be used
 * @param label {@value #UNLABELLED} where rows have none; null where the row cannot be used
 * @param file where it comes from
 * @param first first 64 bits of its content's hash
 * @param second next 64 bits
 * @param repaired whether bytes were removed
 * @param cut whether a text was cut at {@code data.max_text_bytes}
 * @param badBecause why the row cannot be used, or null
 */
record CleanRow<C>(
        C content,
        String label,
        String file,
        long first,
        long second,
        boolean repaired,
        boolean cut,
        String badBecause) {
    /** The one label of all rows where rows have none. */
    static final String UNLABELLED = "";

    static <C> CleanRow<C> bad(String file, String reason) {
        return new CleanRow<>(null, null, file, 0, 0, false, false, reason);
    }
}
