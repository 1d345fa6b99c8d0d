package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Tokenizer files of a model folder, read once on the driver and sent to the tasks unchanged.
 *
 * @param texts contents of its files
 * @param sha256 SHA-256 of {@code tokenizer.json} in hexadecimal: two datasets with the same hash have the same tokens
 * @param vocabularySize highest token id plus one, added tokens included
 * @param modelVocabularySize {@code vocab_size} of {@code config.json}, or 0 where the folder says nothing
 * @param special tokens with a meaning of their own
 * @param distinguishesTexts whether the second text of a pair gets token type 1 (false where the model has only one
 *     type, as RoBERTa, or takes none)
 */
public record TokenizerFiles(
        Texts texts,
        String sha256,
        int vocabularySize,
        int modelVocabularySize,
        SpecialTokens special,
        boolean distinguishesTexts)
        implements Serializable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Contents of a tokenizer's files.
     *
     * @param json of {@code tokenizer.json}
     * @param settings of {@code tokenizer_config.json}, or null where there is none
     * @param specialTokensMap of {@code special_tokens_map.json}, or null where there is none
     * @param chatTemplate text of the Jinja chat template, or null where there is none
     */
    public record Texts(String json, String settings, String specialTokensMap, String chatTemplate)
            implements Serializable {
        /** Returns the texts of a tokenizer that has {@code tokenizer.json} alone. */
        public static Texts of(String json) {
            return new Texts(json, null, null, null);
        }
    }

    /**
     * Tokens with a meaning of their own.
     *
     * @param byRole what {@code special_tokens_map} of {@code transformers} has: {@code bos_token}, {@code eos_token}
     *     and so on
     * @param padId id that batches are padded with
     * @param eosId id of the token that ends a text, or -1 where the folder names none
     * @param endIds ids of the tokens that end an answer: {@code eos_token_id} of {@code generation_config.json}, else
     *     of {@code config.json}, and that which ends a text
     */
    public record SpecialTokens(Map<String, String> byRole, int padId, int eosId, Set<Integer> endIds)
            implements Serializable {
        public SpecialTokens {
            byRole = Map.copyOf(byRole);
            endIds = Set.copyOf(endIds);
        }

        /** Padding with id 0, and tokens that end nothing. */
        public static SpecialTokens of(Map<String, String> byRole) {
            return new SpecialTokens(byRole, 0, -1, Set.of());
        }
    }

    /** Id of the token that stands for what the vocabulary lacks, or -1 for a tokenizer that writes everything. */
    public int unknownTokenId() {
        JsonNode model = JsonFiles.parseObject(texts.json(), "tokenizer.json").path("model");
        if (model.path("unk_id").isInt()) {
            return model.path("unk_id").intValue();
        }
        return model.path("vocab").path(model.path("unk_token").asText("")).asInt(-1);
    }

    /**
     * Reads a model folder's tokenizer as a run changes it: with the tokens of {@code tokenizer.add_special_tokens} and
     * the template of {@code data.chat_template}.
     *
     * @param modelFolder the run's model, or a copy of it
     * @param positions longest sample that a model of this configuration has positions for, or 0 where that is not
     *     known
     * @throws RunException if the folder has no readable tokenizer, it does not fit the model, or there is no such
     *     template
     */
    public static TokenizerFiles read(
            Path modelFolder, RunConfig config, ToIntFunction<HfConfig> positions, Configuration hadoop)
            throws IOException {
        Optional<HfConfig> model = HfConfig.find(modelFolder, hadoop).map(HfConfig::textPart);
        TokenizerFiles files = new TokenizerFolder(modelFolder, hadoop).read(model);
        files.requireFits(config.model());
        model.ifPresent(
                there -> requirePositions(config.model(), config.data().maxLength(), positions.applyAsInt(there)));
        if (!config.tokenizer().addSpecialTokens().isEmpty()) {
            files = files.withAddedSpecialTokens(config.tokenizer().addSpecialTokens());
        }
        String template = config.data().chatTemplate();
        if (template == null) {
            return files;
        }
        byte[] bytes = HfFolderFiles.content(new Path(template), hadoop);
        if (bytes == null) {
            throw RunException.config("data.chat_template: " + template + " does not exist: correct the path");
        }
        return files.withChatTemplate(new String(bytes, StandardCharsets.UTF_8));
    }

    /**
     * Reads {@code tokenizer.json} and, where they exist, {@code tokenizer_config.json},
     * {@code special_tokens_map.json}, {@code chat_template.jinja}, {@code chat_template.json},
     * {@code generation_config.json} and {@code config.json}.
     *
     * @throws RunException if the folder has no readable {@code tokenizer.json}
     */
    public static TokenizerFiles read(Path modelFolder, Configuration hadoop) throws IOException {
        return new TokenizerFolder(modelFolder, hadoop)
                .read(HfConfig.find(modelFolder, hadoop).map(HfConfig::textPart));
    }

    /**
     * The same tokenizer with more special tokens, as {@code tokenizer.add_special_tokens({"additional_special_tokens":
     * tokens})} of {@code transformers} makes it: a token that is there already keeps its id, a new one gets the next
     * id above the vocabulary.
     */
    public TokenizerFiles withAddedSpecialTokens(List<String> tokens) {
        AddedSpecialTokens added = AddedSpecialTokens.add(this, tokens);
        return with(
                new Texts(added.json(), added.settings(), added.specialTokensMap(), texts.chatTemplate()),
                added.vocabularySize());
    }

    /** The same tokenizer with another chat template. */
    public TokenizerFiles withChatTemplate(String template) {
        return with(new Texts(texts.json(), texts.settings(), texts.specialTokensMap(), template), vocabularySize);
    }

    /**
     * The same tokenizer with a space before the first word of a text, and before each of a list of words, where it is
     * byte-level BPE: {@code add_prefix_space=True} of {@code transformers}.
     */
    public TokenizerFiles withPrefixSpace() {
        PrefixSpace added = PrefixSpace.add(this);
        return with(
                new Texts(added.json(), added.settings(), texts.specialTokensMap(), texts.chatTemplate()),
                vocabularySize);
    }

    /** The same tokenizer, padding with the token that ends a text if it has no padding token. */
    public TokenizerFiles withPadding() {
        return EndAsPadding.of(this);
    }

    private TokenizerFiles with(Texts other, int size) {
        String hash = other.json().equals(texts.json())
                ? sha256
                : Sha256.of(other.json().getBytes(StandardCharsets.UTF_8));
        return new TokenizerFiles(other, hash, size, modelVocabularySize, special, distinguishesTexts);
    }

    /**
     * Returns whether another tokenizer gives every text the same tokens. How a tokenizer cuts and pads texts does not
     * count, because texts are cut and padded elsewhere.
     */
    public boolean tokenizesAs(TokenizerFiles other) {
        return sha256.equals(other.sha256) || uncut(texts.json()).equals(uncut(other.texts.json()));
    }

    private static JsonNode uncut(String tokenizerJson) {
        ObjectNode tree = JsonFiles.parseObject(tokenizerJson, "tokenizer.json").deepCopy();
        return tree.without(List.of("truncation", "padding"));
    }

    /** Content of a {@code tokenizer.json}. */
    public static JsonNode tree(String tokenizerJson) {
        try {
            return JSON.readTree(tokenizerJson);
        } catch (JsonProcessingException e) {
            throw RunException.data("tokenizer.json is not JSON (" + e.getOriginalMessage() + ")", e);
        }
    }

    /** Texts of the added tokens that are special. */
    public Set<String> addedSpecialTokens() {
        Set<String> special = new TreeSet<>();
        for (JsonNode token : tree(texts.json()).path("added_tokens")) {
            if (token.path("special").asBoolean()) {
                special.add(token.path("content").asText());
            }
        }
        return special;
    }

    /** The files that a model folder with this tokenizer has, by name. */
    public Map<String, String> files() {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("tokenizer.json", texts.json());
        if (texts.settings() != null) {
            files.put("tokenizer_config.json", texts.settings());
        }
        if (texts.specialTokensMap() != null) {
            files.put("special_tokens_map.json", texts.specialTokensMap());
        }
        if (texts.chatTemplate() != null) {
            files.put("chat_template.jinja", texts.chatTemplate());
        }
        return files;
    }

    /** Hash of the chat template in hexadecimal, or null where there is none. */
    public String chatTemplateSha256() {
        return texts.chatTemplate() == null
                ? null
                : Sha256.of(texts.chatTemplate().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Refuses a tokenizer with ids that the model has no embedding for.
     *
     * @param model the model folder's name in the message
     * @throws RunException that says what does not fit
     */
    public void requireFits(String model) {
        if (modelVocabularySize > 0 && vocabularySize > modelVocabularySize) {
            throw RunException.data(model + ": the tokenizer does not fit the model: tokenizer.json has "
                    + vocabularySize + " tokens, config.json vocab_size is " + modelVocabularySize
                    + ": take both from the same model");
        }
    }

    private static void requirePositions(String model, int maxLength, int positions) {
        if (positions > 0 && maxLength > positions) {
            throw RunException.config("data.max_length: " + maxLength + " is more than the " + positions
                    + " positions of " + model + ": set it to " + positions + " or less");
        }
    }
}
