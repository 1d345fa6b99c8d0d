package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.task.TaskRows;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourcePartitions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Sizes of the parts and pieces of a prediction.
 *
 * @param part bytes of a part of the source, which becomes a file; parts are larger if there would be too many
 * @param piece characters of the rows that are saved together, which is the work that a task loses by an interruption
 * @param most approximate largest number of parts of a source
 */
public record PartSizes(long part, long piece, int most) implements Serializable {
    /** Smallest size of a row: shorter texts are not predicted faster. */
    static final int LEAST_OF_A_ROW = 256;

    private static final int MOST_PARTS = 50_000;
    /** Sizes for texts. Opening a model takes seconds, and files should have a useful size for their readers. */
    private static final PartSizes TEXTS = new PartSizes(32L << 20, 8L << 20, MOST_PARTS);
    /** Sizes for prompts. An answer takes seconds. */
    private static final PartSizes PROMPTS = new PartSizes(256L << 10, 256L << 10, MOST_PARTS);

    public PartSizes {
        if (part < 1 || piece < 1 || most < 1) {
            throw new IllegalArgumentException("parts of " + part + ", pieces of " + piece + ", at most " + most);
        }
    }

    /** Returns the sizes for a task. */
    public static PartSizes of(TaskRows spec) {
        return spec.answerColumns().isEmpty() ? TEXTS : PROMPTS;
    }

    /** Returns the bytes of a part of a source. */
    long partOf(SourceFiles source) {
        return Math.max(part, SourcePartitions.weight(source) / most);
    }

    /** Returns the approximate number of parts of a source. */
    public int parts(SourceFiles source) {
        return Math.toIntExact(1 + (SourcePartitions.weight(source) - 1) / partOf(source));
    }

    /** Returns the rows of the next piece; empty if no row is left. */
    List<TaskInput> next(Iterator<TaskInput> inputs) {
        List<TaskInput> rows = new ArrayList<>();
        for (long taken = 0; taken < piece && inputs.hasNext(); ) {
            TaskInput input = inputs.next();
            rows.add(input);
            taken += Math.max(LEAST_OF_A_ROW, length(input.text()) + length(input.textPair()));
        }
        return rows;
    }

    private static long length(String text) {
        return text == null ? 0 : text.length();
    }
}
