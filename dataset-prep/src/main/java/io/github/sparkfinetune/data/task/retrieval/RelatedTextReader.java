package io.github.sparkfinetune.data.task.retrieval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.JsonRows;
import io.github.sparkfinetune.data.task.RawSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Reads rows of texts that belong together. A row cannot be used if a text has no characters, or if a score is no
 * number from 0 to 1.
 *
 * @param text column of the text
 * @param pair column of a text that belongs to it; null for rows with the text alone
 * @param negative column with texts that do not belong to it, a text or a list; or null
 * @param most largest number of texts that are read from {@code negative}
 * @param score column of the pair's score, or null
 * @param distinct whether a row whose texts are equal to each other cannot be used
 */
record RelatedTextReader(String text, String pair, String negative, int most, String score, boolean distinct)
        implements JsonRows.Reader<RelatedTexts> {
    /** Reason: there is no second text. */
    static final String NO_PAIR = "no_text_pair";
    /** Reason: two texts of the row are equal. */
    static final String EQUAL = "equal_texts";
    /** Reason: the score is no number from 0 to 1. */
    static final String BAD_SCORE = "bad_score";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Returns the columns of a row. */
    List<String> columns() {
        return Stream.of(text, pair, negative, score)
                .filter(name -> name != null)
                .distinct()
                .toList();
    }

    /** Refuses a run that names no column of a second text. */
    void requirePair(String task) {
        if (pair == null) {
            throw RunException.config("data.text_pair: task " + task + " trains on pairs of texts: name the column of"
                    + " the text that belongs to " + text);
        }
    }

    /** Refuses a source that lacks a column. */
    void requireColumns(RawSource source, String task) {
        List<String> present = source.columns();
        // A source of JSON lines without rows has no columns; it is refused when rows are counted.
        if (!present.isEmpty() && !present.containsAll(columns())) {
            throw RunException.config(source.key() + ": " + source.path() + " lacks columns of task " + task + " ("
                    + String.join(", ", columns()) + "), its columns are "
                    + String.join(", ", present.stream().sorted().toList()));
        }
    }

    @Override
    public RelatedTexts read(String json, UnaryOperator<String> cleaner) throws UnusableRowException {
        JsonNode row = row(json);
        String first = text(row.path(text), UnusableRowException.NO_TEXT, cleaner);
        List<String> others = new ArrayList<>();
        if (pair != null) {
            others.add(text(row.path(pair), NO_PAIR, cleaner));
        }
        if (negative != null) {
            JsonNode negatives = row.path(negative);
            if (negatives.isArray()) {
                for (int i = 0; i < Math.min(most, negatives.size()); i++) {
                    others.add(text(negatives.get(i), UnusableRowException.EMPTY, cleaner));
                }
            } else if (!isAbsent(negatives)) {
                others.add(text(negatives, UnusableRowException.EMPTY, cleaner));
            }
        }
        if (distinct && (others.contains(first) || others.stream().distinct().count() < others.size())) {
            throw new UnusableRowException(EQUAL);
        }
        return new RelatedTexts(first, others, score == null ? List.of() : List.of(score(row.path(score))));
    }

    private static JsonNode row(String json) throws UnusableRowException {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UnusableRowException(UnusableRowException.MALFORMED);
        }
    }

    private static boolean isAbsent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }

    private static String text(JsonNode value, String absent, UnaryOperator<String> cleaner)
            throws UnusableRowException {
        if (isAbsent(value)) {
            throw new UnusableRowException(absent);
        }
        if (!value.isTextual()) {
            throw new UnusableRowException(UnusableRowException.MALFORMED);
        }
        String cleaned = cleaner.apply(value.textValue());
        if (cleaned.isBlank()) {
            throw new UnusableRowException(UnusableRowException.EMPTY);
        }
        return cleaned;
    }

    private static double score(JsonNode value) throws UnusableRowException {
        if (isAbsent(value)) {
            throw new UnusableRowException(UnusableRowException.NO_LABEL);
        }
        try {
            double score = value.isNumber()
                    ? value.doubleValue()
                    : Double.parseDouble(value.asText().strip());
            if (score >= 0 && score <= 1) {
                return score;
            }
        } catch (NumberFormatException e) {
            throw new UnusableRowException(BAD_SCORE);
        }
        throw new UnusableRowException(BAD_SCORE);
    }
}
