package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * Reads rows of preferences, as JSON objects. A row has {@code prompt}, {@code chosen} and {@code rejected}, three
 * texts or three lists of messages. It may also have {@code chosen} and {@code rejected} alone; the prompt is then
 * their common beginning, as TRL's {@code extract_prompt} finds it.
 */
public final class PreferenceRecords {
    /** Column of the prompt. */
    public static final String PROMPT = "prompt";
    /** Column of the better answer. */
    public static final String CHOSEN = "chosen";
    /** Column of the worse answer. */
    public static final String REJECTED = "rejected";
    /** Column of the tools, which a chat template gets. */
    public static final String TOOLS = "tools";

    /** Reason: both answers are the same. */
    public static final String EQUAL_ANSWERS = "equal_answers";

    private final SftRecords answered;
    private final SftRecords asked;

    /** @param cleaner cleans every text */
    public PreferenceRecords(UnaryOperator<String> cleaner) {
        answered = new SftRecords(SftColumns.PROMPT, true, cleaner);
        asked = new SftRecords(SftColumns.PROMPT, false, cleaner);
    }

    /**
     * Reads a pair.
     *
     * @param json an object of columns
     */
    public PreferencePair read(String json) throws UnusableRowException {
        return read(SftRecords.row(json));
    }

    PreferencePair read(Map<String, Object> columns) throws UnusableRowException {
        Map<String, Object> row = withPrompt(columns);
        SftExample chosen = answered.read(prompted(row, SftRecords.present(row, CHOSEN)));
        SftExample rejected = answered.read(prompted(row, SftRecords.present(row, REJECTED)));
        if (chosen.equals(rejected)) {
            throw new UnusableRowException(EQUAL_ANSWERS);
        }
        return new PreferencePair(chosen, rejected);
    }

    /**
     * Reads a prompt to answer. Both answers of the pair are the better answer, which may be missing.
     *
     * @param json an object of columns
     */
    public PreferencePair readPrompt(String json) throws UnusableRowException {
        Map<String, Object> row = withPrompt(SftRecords.row(json));
        SftExample prompt = asked.read(prompted(row, row.get(CHOSEN)));
        return new PreferencePair(prompt, prompt);
    }

    private static Map<String, Object> prompted(Map<String, Object> row, Object answer) {
        Map<String, Object> example = new HashMap<>();
        example.put(PROMPT, row.get(PROMPT));
        example.put("completion", answer);
        example.put(TOOLS, row.get(TOOLS));
        return example;
    }

    /** Splits a row whose prompt is in a column of its own. */
    private static Map<String, Object> withPrompt(Map<String, Object> row) throws UnusableRowException {
        if (row.get(PROMPT) != null) {
            return row;
        }
        if (row.get(CHOSEN) == null || row.get(REJECTED) == null) {
            throw new UnusableRowException(SftRecords.NO_COLUMN + PROMPT);
        }
        Object chosen = SftRecords.listOrText(row.get(CHOSEN));
        Object rejected = SftRecords.listOrText(row.get(REJECTED));
        Map<String, Object> split = new HashMap<>(row);
        if (chosen instanceof List<?> one && rejected instanceof List<?> other) {
            int common = commonMessages(one, other);
            split.put(PROMPT, one.subList(0, common));
            split.put(CHOSEN, one.subList(common, one.size()));
            split.put(REJECTED, other.subList(common, other.size()));
        } else if (chosen instanceof String one && rejected instanceof String other) {
            int common = commonText(one, other);
            split.put(PROMPT, one.substring(0, common));
            split.put(CHOSEN, one.substring(common));
            split.put(REJECTED, other.substring(common));
        } else {
            throw new UnusableRowException(SftRecords.BAD_MESSAGES);
        }
        return split;
    }

    private static int commonMessages(List<?> one, List<?> other) throws UnusableRowException {
        int shorter = Math.min(one.size(), other.size());
        for (int i = 0; i < shorter; i++) {
            if (!Objects.equals(one.get(i), other.get(i))) {
                return i;
            }
        }
        throw new UnusableRowException(one.size() == other.size() ? EQUAL_ANSWERS : UnusableRowException.EMPTY);
    }

    /** Returns the length of the common beginning, without a space at its end. */
    private static int commonText(String one, String other) throws UnusableRowException {
        int shorter = Math.min(one.length(), other.length());
        for (int i = 0; i < shorter; i++) {
            if (one.charAt(i) != other.charAt(i)) {
                int at = Character.isLowSurrogate(one.charAt(i)) ? i - 1 : i;
                return at > 0 && one.charAt(at - 1) == ' ' ? at - 1 : at;
            }
        }
        throw new UnusableRowException(one.length() == other.length() ? EQUAL_ANSWERS : UnusableRowException.EMPTY);
    }
}
