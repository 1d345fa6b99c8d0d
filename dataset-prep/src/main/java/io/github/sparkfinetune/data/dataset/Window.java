package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * Part of its row that a sample is. A row longer than a sample becomes several samples, the windows of its text.
 *
 * @param number place among the windows of the row, from 0; the windows of a row follow each other in a split
 * @param offsets two numbers for each token: begin and end (exclusive) of its characters in the row's text, in UTF-16
 *     units; -1 and -1 for a token without characters. Empty if the task needs no offsets
 * @param answer first and last token of the answer to the row's question, both 0 if the answer is not in this window;
 *     empty for rows without a question
 * @param row JSON object with the row's data that its tokens do not show; empty if there is none, and in all windows
 *     except the first
 */
public record Window(int number, int[] offsets, int[] answer, String row) implements Serializable {
    /** Window of a row that is a single sample. */
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
