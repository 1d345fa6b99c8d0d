package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.task.TaskRows;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * How much of a source becomes a file of predictions, and how much is predicted before it is saved.
 *
 * @param part bytes of a part of the source, which becomes a file, as long as there are few enough
 * @param piece characters of the rows that are saved together: what an interruption costs a task
 * @param most parts of a source, roughly: of a larger source they are larger
 */
record PartSizes(long part, long piece, int most) implements Serializable {
    /** What a row counts at least: a short text is predicted no faster than this. */
    static final int LEAST_OF_A_ROW = 256;

    private static final int MOST_PARTS = 50_000;
    /** To open a model takes seconds; a file is for others to read. */
    private static final PartSizes TEXTS = new PartSizes(32L << 20, 8L << 20, MOST_PARTS);
    /** An answer takes seconds. */
    private static final PartSizes PROMPTS = new PartSizes(256L << 10, 256L << 10, MOST_PARTS);

    PartSizes {
        if (part < 1 || piece < 1 || most < 1) {
            throw new IllegalArgumentException("parts of " + part + ", pieces of " + piece + ", at most " + most);
        }
    }

    /** Returns those of a task. */
    static PartSizes of(TaskRows spec) {
        return spec.answerColumns().isEmpty() ? TEXTS : PROMPTS;
    }

    /** Returns the bytes of a part of a source. */
    long partOf(SourceFiles source) {
        return Math.max(part, (source.size().bytes() + source.listing().count() * SourceReader.OPEN_BYTES) / most);
    }

    /** Takes the rows of the next piece; none where no row is left. */
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
