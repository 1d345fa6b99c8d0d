package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * What a sample is of its row, where a row may be several samples: the windows of a text that is longer than one.
 *
 * @param number its place among the windows of its row, from 0; those of a row stand one after the other in a split
 * @param offsets of each token where its characters begin and end (exclusive) in the row's text, in UTF-16 units: two
 *     numbers a token, -1 and -1 for one that stands for no characters of it; empty where nothing asks for places
 * @param answer first and last token of the answer to the row's question, both 0 where it is not in this window; empty
 *     for rows without a question
 * @param row what is measured or shown of the row apart from its tokens, as a JSON object; empty where there is
 *     nothing, and in all windows but the first
 */
public record Window(int number, int[] offsets, int[] answer, String row) implements Serializable {
    /** The only window of a row. */
    public static final Window WHOLE = new Window(0, new int[0], new int[0], "");

    public Window {
        if (number < 0 || offsets.length % 2 != 0 || (answer.length != 0 && answer.length != 2)) {
            throw new IllegalArgumentException(
                    "window " + number + " has " + offsets.length + " offsets and an answer of " + answer.length);
        }
        Objects.requireNonNull(row);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Window that
                && number == that.number
                && Arrays.equals(offsets, that.offsets)
                && Arrays.equals(answer, that.answer)
                && row.equals(that.row);
    }

    @Override
    public int hashCode() {
        return Objects.hash(number, Arrays.hashCode(offsets), Arrays.hashCode(answer), row);
    }

    @Override
    public String toString() {
        return "Window[number=" + number + ", answer=" + Arrays.toString(answer) + "]";
    }
}
