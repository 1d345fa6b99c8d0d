package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Reader of the tokenizer of a model folder.
 *
 * @param folder model folder on any file system
 * @param hadoop configuration of the file systems
 */
record TokenizerFolder(Path folder, Configuration hadoop) {

    /**
     * Reads the tokenizer.
     *
     * @param config configuration of the folder's text model, or empty if the folder has none
     * @throws RunException if the folder has no readable {@code tokenizer.json}
     */
    TokenizerFiles read(Optional<HfConfig> config) throws IOException {
        Path path = new Path(folder, "tokenizer.json");
        byte[] bytes = HfFolderFiles.content(path, hadoop);
        if (bytes == null) {
            throw RunException.data(path + " does not exist: model must be a folder in Hugging Face layout with a fast"
                    + " tokenizer (save it with tokenizer.save_pretrained)" + HfFolderFiles.onHub(folder, hadoop));
        }
        String tokenizerText = new String(bytes, StandardCharsets.UTF_8);
        JsonNode tokenizer = HfFolderFiles.json(path, tokenizerText);
        String settingsText = text("tokenizer_config.json");
        JsonNode settings = HfFolderFiles.json(new Path(folder, "tokenizer_config.json"), settingsText);
        String mapText = text("special_tokens_map.json");
        JsonNode map = HfFolderFiles.json(new Path(folder, "special_tokens_map.json"), mapText);
        String template = chatTemplate(settings);
        Map<String, String> special = SpecialTokenRoles.of(settings, map);
        int eosTokenId = SpecialTokenRoles.eosTokenId(special, tokenizer, config);
        return new TokenizerFiles(
                new TokenizerFiles.Texts(tokenizerText, settingsText, mapText, template),
                Sha256.of(bytes),
                vocabularySize(path, tokenizer),
                integer(config, "vocab_size", 0),
                new TokenizerFiles.SpecialTokens(
                        special,
                        padTokenId(tokenizer, settings, config),
                        eosTokenId,
                        EndTokens.of(folder, config, eosTokenId, hadoop)),
                distinguishesTexts(settings, config));
    }

    private String chatTemplate(JsonNode settings) throws IOException {
        String template = text("chat_template.jinja");
        template = template != null ? template : SpecialTokenRoles.chatTemplate(settings);
        // Of a multimodal model it may be the processor's.
        JsonNode processor = HfFolderFiles.json(new Path(folder, "chat_template.json"), hadoop);
        return template != null ? template : SpecialTokenRoles.chatTemplate(processor);
    }

    private String text(String name) throws IOException {
        return HfFolderFiles.text(new Path(folder, name), hadoop);
    }

    private static int integer(Optional<HfConfig> config, String key, int otherwise) {
        return config.map(there -> there.integer(key).orElse(otherwise)).orElse(otherwise);
    }

    private static boolean distinguishesTexts(JsonNode settings, Optional<HfConfig> config) {
        JsonNode inputs = settings.path("model_input_names");
        boolean takesTypes = !inputs.isArray() && !TokenizerSettings.isGeneric5(settings);
        for (JsonNode input : inputs) {
            takesTypes |= input.asText().equals("token_type_ids");
        }
        return takesTypes && integer(config, "type_vocab_size", 2) > 1;
    }

    private static int padTokenId(JsonNode tokenizer, JsonNode settings, Optional<HfConfig> config) {
        JsonNode pad = settings.path("pad_token");
        String content = pad.isObject() ? pad.path("content").asText() : pad.asText("");
        for (JsonNode token : tokenizer.path("added_tokens")) {
            if (!content.isEmpty() && token.path("content").asText().equals(content)) {
                return token.path("id").asInt();
            }
        }
        return integer(config, "pad_token_id", 0);
    }

    private static int vocabularySize(Path path, JsonNode tokenizer) {
        JsonNode vocabulary = tokenizer.path("model").path("vocab");
        int highest = vocabulary.isArray() ? vocabulary.size() - 1 : -1;
        if (vocabulary.isObject()) {
            for (JsonNode id : vocabulary) {
                highest = Math.max(highest, id.asInt());
            }
        }
        for (JsonNode token : tokenizer.path("added_tokens")) {
            highest = Math.max(highest, token.path("id").asInt());
        }
        if (highest < 0) {
            throw RunException.data(path + " has no vocabulary: take the tokenizer.json that belongs to the model");
        }
        return highest + 1;
    }
}
