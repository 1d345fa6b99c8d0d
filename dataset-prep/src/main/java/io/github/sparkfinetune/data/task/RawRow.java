package io.github.sparkfinetune.data.task;

/**
 * A record of a source as it was read, before anything of it is cleaned. Its values are those of the columns that a
 * {@link Reading} names, in their order. It is valid until the next one is read.
 */
public interface RawRow {

    /** URI of the file that it comes from. */
    String file();

    /** Whether the record could not be parsed; then it has no values. */
    boolean isCorrupt();

    /**
     * A value as bytes, which are mostly UTF-8 and not to be changed; null where there is none.
     *
     * @param column place of the column in the reading
     */
    byte[] bytes(int column);

    /**
     * A value as text; null where there is none.
     *
     * @param column place of the column in the reading
     */
    String text(int column);
}
