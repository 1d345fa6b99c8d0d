package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Reads rows of preferences with an optional {@code margin}, and rows of single answers, as JSON objects. */
public final class RewardRecords {
    /** Column of the margin. */
    public static final String MARGIN = "margin";

    /** Reason: the margin is no finite number. */
    public static final String BAD_MARGIN = "bad_margin";

    private final PreferenceRecords pairs;

    /** @param cleaner cleans every text */
    public RewardRecords(UnaryOperator<String> cleaner) {
        pairs = new PreferenceRecords(cleaner);
    }

    /**
     * Reads a pair.
     *
     * @param json an object of columns
     */
    public RewardPair read(String json) throws UnusableRowException {
        Map<String, Object> row = SftRecords.row(json);
        return new RewardPair(pairs.read(row), margin(row.get(MARGIN)));
    }

    private static double margin(Object value) throws UnusableRowException {
        if (value == null) {
            return 0;
        }
        try {
            double margin = value instanceof Number number
                    ? number.doubleValue()
                    : Double.parseDouble(value.toString().strip());
            if (Double.isFinite(margin)) {
                return margin;
            }
        } catch (NumberFormatException e) {
            throw new UnusableRowException(BAD_MARGIN);
        }
        throw new UnusableRowException(BAD_MARGIN);
    }

    /**
     * Reads an answer to score.
     *
     * @param answered reads the row's conversation, instruction, or prompt and completion
     */
    public static RewardPair readAnswer(SftRecords answered, String json) throws UnusableRowException {
        SftExample example = answered.read(json);
        return new RewardPair(new PreferencePair(example, example), 0);
    }
}
