package io.github.sparkfinetune.data.task.classification;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Cleaned text of a held-out sample, before tokenization, which may lose case and spaces. It is the sample's
 * {@code row} ({@link io.github.sparkfinetune.data.dataset.Window}), a JSON object with the fields {@code text} and
 * {@code text_pair}.
 *
 * @param text beginning of the text, see {@link #of(String, String, int)}
 * @param pair beginning of the second text, or null
 */
public record GivenText(
        String text,

        @JsonProperty("text_pair") @JsonInclude(JsonInclude.Include.NON_NULL)
        String pair) {
    /** More than the mean of any text, so the cut is far behind the last token that a model reads. */
    private static final int CHARACTERS_OF_A_TOKEN = 16;

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Cuts a text or a pair of texts, so that samples of long texts stay small.
     *
     * @param maxLength most tokens of a sample
     */
    static GivenText of(String text, String pair, int maxLength) {
        return new GivenText(beginning(text, maxLength), pair == null ? null : beginning(pair, maxLength));
    }

    /**
     * Returns the beginning of a text: {@value #CHARACTERS_OF_A_TOKEN} characters a token.
     *
     * @param maxLength most tokens of a sample
     */
    public static String beginning(String text, int maxLength) {
        int characters = Math.multiplyExact(CHARACTERS_OF_A_TOKEN, maxLength);
        if (text.length() <= characters) {
            return text;
        }
        boolean isWithinPair = Character.isHighSurrogate(text.charAt(characters - 1));
        return text.substring(0, isWithinPair ? characters - 1 : characters);
    }

    /**
     * Parses the result of {@link #toJson}.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static GivenText of(String json) {
        try {
            return JSON.readValue(json, GivenText.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the row of a sample is no text: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns the text as a JSON object. */
    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts can be written as JSON", e);
        }
    }
}
