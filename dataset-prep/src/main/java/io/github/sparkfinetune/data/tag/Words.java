package io.github.sparkfinetune.data.tag;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Words of a text, in order. As JSON they are {@code {"text": "…", "words": [0, 5, 6, 11]}}, begin and end of each
 * word.
 *
 * @param text the text
 * @param starts begin of each word in the text, in UTF-16 units
 * @param ends end of each word, exclusive
 */
public record Words(String text, int[] starts, int[] ends) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public Words {
        if (starts.length != ends.length) {
            throw new IllegalArgumentException(starts.length + " words begin, " + ends.length + " end");
        }
    }

    /** Joins words with spaces. */
    static Words joined(List<String> words) {
        int[] starts = new int[words.size()];
        int[] ends = new int[words.size()];
        int at = 0;
        for (int word = 0; word < starts.length; word++) {
            starts[word] = at;
            ends[word] = at + words.get(word).length();
            at = ends[word] + 1;
        }
        return new Words(String.join(" ", words), starts, ends);
    }

    /**
     * Splits a text as BERT's {@code BasicTokenizer} does, for any language that is written with spaces. A word is a
     * run of characters that are neither white space nor punctuation nor symbols. A punctuation mark, a symbol, a
     * Chinese character, a hiragana and a katakana are each a word.
     */
    public static Words found(String text) {
        IntStream.Builder starts = IntStream.builder();
        IntStream.Builder ends = IntStream.builder();
        int start = -1;
        int next;
        for (int at = 0; at < text.length(); at = next) {
            int point = text.codePointAt(at);
            next = at + Character.charCount(point);
            boolean space = isSpace(point);
            boolean alone = !space && isAlone(point);
            if (start >= 0 && (space || alone)) {
                starts.add(start);
                ends.add(at);
                start = -1;
            }
            if (alone) {
                starts.add(at);
                ends.add(next);
            } else if (start < 0 && !space) {
                start = at;
            }
        }
        if (start >= 0) {
            starts.add(start);
            ends.add(text.length());
        }
        return new Words(text, starts.build().toArray(), ends.build().toArray());
    }

    static boolean isSpace(int point) {
        return Character.isWhitespace(point) || Character.isSpaceChar(point) || Character.isISOControl(point);
    }

    private static boolean isAlone(int point) {
        return switch (Character.getType(point)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION,
                    Character.MATH_SYMBOL,
                    Character.CURRENCY_SYMBOL,
                    Character.MODIFIER_SYMBOL,
                    Character.OTHER_SYMBOL -> true;
            case Character.OTHER_LETTER -> isWithoutSpaces(Character.UnicodeScript.of(point));
            default -> false;
        };
    }

    private static boolean isWithoutSpaces(Character.UnicodeScript script) {
        return script == Character.UnicodeScript.HAN
                || script == Character.UnicodeScript.HIRAGANA
                || script == Character.UnicodeScript.KATAKANA;
    }

    /** Parses the words of a row from the JSON of {@link #toJson}. */
    public static Words parse(String json) {
        try {
            JsonNode row = JSON.readTree(json);
            JsonNode places = row.path("words");
            int[] starts = new int[places.size() / 2];
            int[] ends = new int[starts.length];
            for (int word = 0; word < starts.length; word++) {
                starts[word] = places.get(2 * word).intValue();
                ends[word] = places.get(2 * word + 1).intValue();
            }
            return new Words(row.path("text").textValue(), starts, ends);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a row that holds no words: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns the words as a {@link io.github.sparkfinetune.data.dataset.Window#row}. */
    String toJson() {
        ObjectNode row = JSON.createObjectNode().put("text", text);
        ArrayNode places = row.putArray("words");
        for (int word = 0; word < starts.length; word++) {
            places.add(starts[word]).add(ends[word]);
        }
        return row.toString();
    }

    /** Returns the number of words. */
    public int size() {
        return starts.length;
    }

    /** Returns a word. */
    public String word(int word) {
        return text.substring(starts[word], ends[word]);
    }

    /** Returns all words. */
    public List<String> list() {
        return IntStream.range(0, size()).mapToObj(this::word).toList();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Words that
                && text.equals(that.text)
                && Arrays.equals(starts, that.starts)
                && Arrays.equals(ends, that.ends);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * text.hashCode() + Arrays.hashCode(starts)) + Arrays.hashCode(ends);
    }

    @Override
    public String toString() {
        return "Words" + list();
    }
}
