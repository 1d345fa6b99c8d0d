package io.github.sparkfinetune.data.task;

import java.io.Serializable;

/**
 * Decides on which side of a split a row lies, if its content does not.
 *
 * @param place unsigned number: rows are held out in this order, and rows with the same place stay together
 * @param group number that is equal for rows that share a prompt, a user or the like
 * @param kind meaning of the place
 */
public record SplitKey(long place, long group, Kind kind) implements Serializable {

    /** Meaning of a place. */
    public enum Kind {
        /** Hash of the group. */
        GROUP,
        /** Hash of the content of a row without a group. */
        ALONE,
        /** Date, with or without a time of day. */
        DATE,
        /** Number without a unit. */
        NUMBER
    }
}
