package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Reads rows of answers that are rated good or bad, as JSON objects. A row has {@code prompt} and {@code completion},
 * two texts or two lists of messages, and a label. The label of a good answer is true or 1, the label of a bad one
 * false or 0.
 */
public final class RatedRecords {
    /** Column of the prompt. */
    public static final String PROMPT = "prompt";
    /** Column of the answer. */
    public static final String COMPLETION = "completion";

    /** Reason: the label is no rating. */
    public static final String BAD_LABEL = "bad_label";

    private static final Map<String, Boolean> LABELS = Map.of("true", true, "1", true, "false", false, "0", false);

    private final String label;
    private final SftRecords answered;
    private final SftRecords asked;

    /**
     * @param label column of the label
     * @param cleaner cleans every text
     */
    public RatedRecords(String label, UnaryOperator<String> cleaner) {
        this.label = label;
        answered = new SftRecords(SftColumns.PROMPT, true, cleaner);
        asked = new SftRecords(SftColumns.PROMPT, false, cleaner);
    }

    /**
     * Reads an answer.
     *
     * @param json an object of columns
     */
    public RatedAnswer read(String json) throws UnusableRowException {
        Map<String, Object> row = SftRecords.row(json);
        Object rating = SftRecords.present(row, label);
        Boolean desirable = LABELS.get(rating.toString().strip().toLowerCase(Locale.ROOT));
        if (desirable == null) {
            throw new UnusableRowException(BAD_LABEL);
        }
        return new RatedAnswer(answered.read(row), desirable);
    }

    /**
     * Reads a prompt to answer, whose answer and label may be missing.
     *
     * @param json an object of columns
     */
    public RatedAnswer readPrompt(String json) throws UnusableRowException {
        return new RatedAnswer(asked.read(SftRecords.row(json)), true);
    }
}
