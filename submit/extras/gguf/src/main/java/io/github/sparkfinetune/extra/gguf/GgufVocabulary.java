package io.github.sparkfinetune.extra.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.GgufTokenizer;
import io.github.sparkfinetune.data.files.Quoted;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.hf.Vocabulary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** A tokenizer as keys {@code tokenizer.*} of a GGUF file. */
final class GgufVocabulary {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private static final Pattern SINGLE_BYTE = Pattern.compile("<0x[0-9A-F]{2}>");
    private static final String KEYS = "tokenizer.ggml.";

    /** GGUF's names of the special tokens. GGUF misspells one of them. */
    private static final Map<String, String> ROLES = Map.of(
            "bos_token", "bos_token_id",
            "eos_token", "eos_token_id",
            "unk_token", "unknown_token_id",
            "sep_token", "seperator_token_id",
            "pad_token", "padding_token_id",
            "cls_token", "cls_token_id",
            "mask_token", "mask_token_id");

    private final String source;
    private final TokenizerFiles files;
    private final JsonNode tokenizer;
    private final GgufTokenizer kind;
    /** Scores of a tokenizer whose tokens are pieces of text; null for other tokenizers. */
    private final ScoredPieces pieces;

    private final boolean addsBos;
    private final boolean addsEos;

    /**
     * Checks that a tokenizer can be written.
     *
     * @param source the tokenizer's name in messages
     * @throws RunException if llama.cpp does not support the tokenizer
     */
    GgufVocabulary(String source, TokenizerFiles files) {
        this.source = source;
        this.files = files;
        tokenizer = TokenizerFiles.tree(files.texts().json());
        kind = GgufTokenizer.of(tokenizer)
                .orElseThrow(() -> RunException.data(source + ": the tokenizer cannot be written as GGUF: llama.cpp"
                        + " has no known tokenizer that splits texts as its normalizer, pre_tokenizer and model do"));
        pieces = kind.isByteLevel() ? null : new ScoredPieces(source, tokenizer);
        List<JsonNode> around = new ArrayList<>();
        boolean before = true;
        boolean bos = false;
        boolean eos = false;
        for (JsonNode part : template(tokenizer.path("post_processor"))) {
            String token = part.path("SpecialToken").path("id").asText();
            if (token.isEmpty()) {
                before = false;
                continue;
            }
            around.add(part);
            bos |= before && token.equals(files.special().byRole().get("bos_token"));
            eos |= !before && token.equals(files.special().byRole().get("eos_token"));
        }
        if (around.size() != (bos ? 1 : 0) + (eos ? 1 : 0)) {
            throw RunException.data(source + ": the tokenizer cannot be written as GGUF: its post_processor adds other"
                    + " tokens than bos_token before a text and eos_token after it");
        }
        addsBos = bos;
        addsEos = eos;
    }

    /** Returns the template of a single text. */
    private JsonNode template(JsonNode processor) {
        String type = processor.path("type").asText();
        if (type.equals("Sequence")) {
            JsonNode found = processor.path("single");
            for (JsonNode child : processor.path("processors")) {
                JsonNode single = template(child);
                found = single.isArray() ? single : found;
            }
            return found;
        }
        if (!processor.isObject() || type.equals("ByteLevel") || type.equals("TemplateProcessing")) {
            return processor.path("single");
        }
        throw RunException.data(
                source + ": the tokenizer cannot be written as GGUF: its post_processor is a " + Quoted.name(type));
    }

    /**
     * Adds the keys.
     *
     * @param rows number of rows of the embedding table; ids that the tokenizer lacks become unused tokens
     * @throws RunException if the table has fewer rows than the tokenizer has tokens
     */
    void put(GgufMetadata metadata, int rows) {
        if (files.vocabularySize() > rows) {
            throw RunException.data(source + ": the tokenizer has " + files.vocabularySize() + " tokens, the model has "
                    + rows + " rows of embeddings: take both from the same model");
        }
        metadata.text(KEYS + "model", kind.model());
        metadata.text(KEYS + "pre", kind.pre());
        putTokens(metadata, rows);
        if (kind.isByteLevel()) {
            metadata.texts(
                    KEYS + "merges",
                    ScoredPieces.merges(tokenizer).stream()
                            .map(pair -> String.join(" ", pair))
                            .toList());
        } else {
            metadata.flag(KEYS + "add_space_prefix", kind.addsSpacePrefix());
        }
        new TreeMap<>(files.special().byRole()).forEach((role, token) -> {
            int id = Vocabulary.id(tokenizer, token);
            if (id >= 0) {
                metadata.number(KEYS + ROLES.get(role), id);
            }
        });
        if (!files.special().byRole().containsKey("eos_token")
                && files.special().eosId() >= 0) {
            metadata.number(KEYS + ROLES.get("eos_token"), files.special().eosId());
        }
        metadata.flag(KEYS + "add_bos_token", addsBos);
        metadata.flag(KEYS + "add_eos_token", addsEos);
        if (files.texts().chatTemplate() != null) {
            metadata.text("tokenizer.chat_template", files.texts().chatTemplate());
        }
    }

    private void putTokens(GgufMetadata metadata, int rows) {
        Map<Integer, String> known = Vocabulary.tokens(tokenizer);
        Map<Integer, JsonNode> added = new HashMap<>();
        tokenizer
                .path("added_tokens")
                .forEach(token -> added.put(token.path("id").asInt(), token));
        String unknown = tokenizer.path("model").path("unk_token").asText("");
        List<String> tokens = new ArrayList<>();
        int[] types = new int[rows];
        for (int id = 0; id < rows; id++) {
            String token = added.containsKey(id) ? added.get(id).path("content").asText() : known.get(id);
            if (token == null) {
                token = "[PAD" + id + "]";
                types[id] = UNUSED;
            } else if (added.containsKey(id)) {
                types[id] = added.get(id).path("special").asBoolean() ? CONTROL : USER_DEFINED;
            } else if (token.equals(unknown)) {
                types[id] = UNKNOWN;
            } else {
                boolean isByte =
                        !kind.isByteLevel() && SINGLE_BYTE.matcher(token).matches();
                types[id] = isByte ? BYTE : NORMAL;
            }
            tokens.add(token);
        }
        metadata.texts(KEYS + "tokens", tokens);
        if (!kind.isByteLevel()) {
            float[] scores = new float[rows];
            for (int id = 0; id < rows; id++) {
                scores[id] = types[id] == NORMAL ? pieces.score(tokens.get(id)) : 0;
            }
            metadata.reals(KEYS + "scores", scores);
        }
        metadata.integers(KEYS + "token_type", types);
    }
}
