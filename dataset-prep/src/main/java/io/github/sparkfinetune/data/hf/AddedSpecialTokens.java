package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Tokenizer files after special tokens were added, as {@code transformers} writes them.
 *
 * @param json {@code tokenizer.json}
 * @param settings {@code tokenizer_config.json}
 * @param specialTokensMap {@code special_tokens_map.json}
 * @param vocabularySize highest token id plus one
 */
record AddedSpecialTokens(String json, String settings, String specialTokensMap, int vocabularySize) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ADDITIONAL = "additional_special_tokens";

    static AddedSpecialTokens add(TokenizerFiles files, List<String> tokens) {
        ObjectNode tokenizer = object(files.texts().json());
        Map<Integer, JsonNode> added = new TreeMap<>();
        Map<String, Integer> ids = new HashMap<>();
        for (JsonNode token : tokenizer.path("added_tokens")) {
            added.put(token.path("id").asInt(), token);
            ids.put(token.path("content").asText(), token.path("id").asInt());
        }
        int next = files.vocabularySize();
        for (String token : tokens) {
            if (ids.containsKey(token)) {
                continue;
            }
            int id = Vocabulary.id(tokenizer, token);
            id = id < 0 ? next++ : id;
            ids.put(token, id);
            added.put(id, flags(JSON.createObjectNode().put("id", id).put("content", token)));
        }
        tokenizer.putArray("added_tokens").addAll(added.values());

        ObjectNode settings = files.texts().settings() == null
                ? JSON.createObjectNode()
                : object(files.texts().settings());
        ObjectNode decoder = settings.putObject("added_tokens_decoder");
        added.forEach((id, token) -> decoder.set(id.toString(), ((ObjectNode) token.deepCopy()).without("id")));
        ArrayNode names = settings.putArray(ADDITIONAL);
        tokens.forEach(names::add);

        ObjectNode map = files.texts().specialTokensMap() == null
                ? JSON.createObjectNode()
                : object(files.texts().specialTokensMap());
        ArrayNode described = map.putArray(ADDITIONAL);
        for (String token : tokens) {
            described.add(((ObjectNode) added.get(ids.get(token)).deepCopy()).without(List.of("id", "special")));
        }
        return new AddedSpecialTokens(text(tokenizer), text(settings), text(map), next);
    }

    private static ObjectNode flags(ObjectNode token) {
        return token.put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
    }

    private static ObjectNode object(String json) {
        try {
            return (ObjectNode) JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw RunException.data("a file of the tokenizer is not JSON (" + e.getOriginalMessage() + ")", e);
        }
    }

    private static String text(ObjectNode node) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree can be written", e);
        }
    }
}
