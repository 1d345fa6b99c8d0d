package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** Tokens and ids of a {@code tokenizer.json}. */
public final class Vocabulary {
    private Vocabulary() {}

    /**
     * Returns the tokens by id, except added tokens.
     *
     * @param tokenizer content of the file
     */
    public static Map<Integer, String> tokens(JsonNode tokenizer) {
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        Map<Integer, String> tokens = new HashMap<>();
        if (vocabulary.isArray()) {
            // Unigram: pieces with their scores, in the order of their ids.
            for (int id = 0; id < vocabulary.size(); id++) {
                tokens.put(id, vocabulary.get(id).path(0).asText());
            }
        } else {
            vocabulary
                    .fields()
                    .forEachRemaining(token -> tokens.put(token.getValue().asInt(), token.getKey()));
        }
        return tokens;
    }

    /**
     * Returns the id of a token, or -1.
     *
     * @param tokenizer content of the file
     */
    public static int id(JsonNode tokenizer, String token) {
        for (JsonNode added : tokenizer.path("added_tokens")) {
            if (added.path("content").asText().equals(token)) {
                return added.path("id").asInt();
            }
        }
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        if (!vocabulary.isArray()) {
            return vocabulary.path(token).asInt(-1);
        }
        for (int id = 0; id < vocabulary.size(); id++) {
            if (vocabulary.get(id).path(0).asText().equals(token)) {
                return id;
            }
        }
        return -1;
    }
}
