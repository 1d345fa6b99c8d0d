package io.github.sparkfinetune.data.task;

import java.nio.charset.StandardCharsets;

/**
 * A record of a source as it was read, before cleaning. It has a value for each column that a {@link Reading} names, in
 * the same order. It is valid until the next record is read.
 */
public interface RawRow {

    /** Returns the URI of the file that the record is from; null if it is from no file. */
    default String file() {
        return null;
    }

    /** Returns whether the record could not be parsed; a corrupt record has no values. */
    default boolean isCorrupt() {
        return false;
    }

    /**
     * Returns a value as bytes, mostly UTF-8, which callers must not change; null for a missing value.
     *
     * @param column place of the column in the reading
     */
    default byte[] bytes(int column) {
        String text = text(column);
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the person of the record, by {@code data.redact.person}; null if there is none. */
    default String person() {
        return null;
    }

    /**
     * Returns a value as text; null for a missing value.
     *
     * @param column place of the column in the reading
     */
    String text(int column);
}
