package io.github.sparkfinetune.data;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.io.Serializable;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * What a model folder says about its tokenizer: read once on the driver, sent to the tasks as it is.
 *
 * @param json content of {@code tokenizer.json}
 * @param sha256 its SHA-256 in hexadecimal: two datasets with the same hash have the same tokens
 * @param vocabularySize highest token id plus one, added tokens included
 * @param padTokenId id that batches are padded with
 * @param modelVocabularySize {@code vocab_size} of {@code config.json}, or 0 where the folder says nothing
 * @param modelPositions longest sample that the model has positions for, or 0 where the folder says nothing
 * @param distinguishesTexts whether the second text of a pair gets token type 1 (false where the model has only one
 *     type, as RoBERTa, or takes none)
 */
public record TokenizerFiles(
        String json,
        String sha256,
        int vocabularySize,
        int padTokenId,
        int modelVocabularySize,
        int modelPositions,
        boolean distinguishesTexts)
        implements Serializable {
    /**
     * Reads {@code tokenizer.json} and, where they exist, {@code tokenizer_config.json} and {@code config.json}.
     *
     * @throws RunException if the folder has no readable {@code tokenizer.json}
     */
    public static TokenizerFiles read(Path modelFolder, Configuration hadoop) throws IOException {
        Path path = new Path(modelFolder, "tokenizer.json");
        byte[] bytes = ModelFolder.content(path, hadoop);
        if (bytes == null) {
            throw RunException.data(path + " does not exist: model must be a folder in Hugging Face layout with a fast"
                    + " tokenizer (save it with tokenizer.save_pretrained)");
        }
        JsonNode tokenizer = ModelFolder.json(path, bytes);
        JsonNode settings = ModelFolder.json(new Path(modelFolder, "tokenizer_config.json"), hadoop);
        JsonNode config = ModelFolder.json(new Path(modelFolder, "config.json"), hadoop);
        return new TokenizerFiles(
                new String(bytes, java.nio.charset.StandardCharsets.UTF_8),
                sha256(bytes),
                vocabularySize(path, tokenizer),
                padTokenId(tokenizer, settings, config),
                config.path("vocab_size").asInt(0),
                positions(config),
                distinguishesTexts(settings, config));
    }

    /**
     * Refuses a tokenizer whose ids, or samples longer than the positions, that the model has no embedding for.
     *
     * @param model the model folder's name in the message
     * @throws RunException that says what does not fit
     */
    public void requireFits(String model, int maxLength) {
        if (modelVocabularySize > 0 && vocabularySize > modelVocabularySize) {
            throw RunException.data(model + ": the tokenizer does not fit the model: tokenizer.json has "
                    + vocabularySize + " tokens, config.json vocab_size is " + modelVocabularySize
                    + ": take both from the same model");
        }
        if (modelPositions > 0 && maxLength > modelPositions) {
            throw RunException.config("data.max_length: " + maxLength + " is more than the " + modelPositions
                    + " positions of " + model + ": set it to " + modelPositions + " or less");
        }
    }

    private static int positions(JsonNode config) {
        int positions = config.path("max_position_embeddings").asInt(0);
        // RoBERTa counts its positions from the padding index plus one on.
        boolean offset = config.path("model_type").asText().contains("roberta");
        return offset ? positions - config.path("pad_token_id").asInt(1) - 1 : positions;
    }

    private static boolean distinguishesTexts(JsonNode settings, JsonNode config) {
        JsonNode inputs = settings.path("model_input_names");
        boolean takesTypes = !inputs.isArray();
        for (JsonNode input : inputs) {
            takesTypes |= input.asText().equals("token_type_ids");
        }
        return takesTypes && config.path("type_vocab_size").asInt(2) > 1;
    }

    private static int padTokenId(JsonNode tokenizer, JsonNode settings, JsonNode config) {
        JsonNode pad = settings.path("pad_token");
        String content = pad.isObject() ? pad.path("content").asText() : pad.asText("");
        for (JsonNode token : tokenizer.path("added_tokens")) {
            if (!content.isEmpty() && token.path("content").asText().equals(content)) {
                return token.path("id").asInt();
            }
        }
        return config.path("pad_token_id").asInt(0);
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

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
