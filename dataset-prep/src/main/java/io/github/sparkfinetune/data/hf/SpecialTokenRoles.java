package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Roles of the special tokens, and the chat template, read from a tokenizer's settings. */
final class SpecialTokenRoles {
    private static final List<String> ROLES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private SpecialTokenRoles() {}

    /**
     * Returns the token of each role that has one, as {@code transformers} finds it. The map is used only in folders of
     * the older layout, where it takes precedence over the settings.
     *
     * @param settings {@code tokenizer_config.json}
     * @param map {@code special_tokens_map.json}
     */
    static Map<String, String> of(JsonNode settings, JsonNode map) {
        boolean older = !settings.has("added_tokens_decoder");
        Map<String, String> roles = new TreeMap<>();
        for (String role : ROLES) {
            JsonNode token = older && map.hasNonNull(role) ? map.get(role) : settings.path(role);
            String content = token.isObject() ? token.path("content").asText() : token.asText("");
            if (!token.isNull() && !content.isEmpty()) {
                roles.put(role, content);
            }
        }
        return roles;
    }

    /** Returns the id of the token that ends a text, or -1 if no file names one. */
    static int eosTokenId(Map<String, String> roles, JsonNode tokenizer, Optional<HfConfig> config) {
        String eos = roles.get("eos_token");
        if (eos == null) {
            JsonNode id = config.flatMap(there -> there.find("eos_token_id")).orElse(MissingNode.getInstance());
            return id.isArray() ? id.path(0).asInt(-1) : id.asInt(-1);
        }
        return Vocabulary.id(tokenizer, eos);
    }

    /**
     * Returns the template in {@code tokenizer_config.json}, or null if there is none.
     *
     * @throws RunException if there are several and none of them is called default
     */
    static String chatTemplate(JsonNode settings) {
        JsonNode template = settings.path("chat_template");
        if (!template.isArray()) {
            return template.isTextual() ? template.asText() : null;
        }
        TreeSet<String> names = new TreeSet<>();
        for (JsonNode named : template) {
            if (named.path("name").asText().equals("default")) {
                return named.path("template").asText();
            }
            names.add(named.path("name").asText());
        }
        throw RunException.data("tokenizer_config.json: chat_template has no template named default, only " + names
                + ": set data.chat_template to a file with the one to use");
    }
}
