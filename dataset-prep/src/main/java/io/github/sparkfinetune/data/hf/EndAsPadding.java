package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * A tokenizer whose end token is also its padding, as {@code tokenizer.pad_token = tokenizer.eos_token} of
 * {@code transformers} makes it.
 */
final class EndAsPadding {
    private static final String PAD = "pad_token";
    private static final String EOS = "eos_token";

    private EndAsPadding() {}

    /** Returns the same tokenizer if it has a padding token, or no end token. */
    static TokenizerFiles of(TokenizerFiles files) {
        Map<String, String> roles = files.special().byRole();
        if (roles.containsKey(PAD) || !roles.containsKey(EOS) || files.special().eosId() < 0) {
            return files;
        }
        Map<String, String> padded = new HashMap<>(roles);
        padded.put(PAD, roles.get(EOS));
        TokenizerFiles.SpecialTokens special = files.special();
        return new TokenizerFiles(
                new TokenizerFiles.Texts(
                        files.texts().json(),
                        padded(files.texts().settings(), "tokenizer_config.json", roles.get(EOS)),
                        files.texts().specialTokensMap() == null
                                ? null
                                : padded(files.texts().specialTokensMap(), "special_tokens_map.json", roles.get(EOS)),
                        files.texts().chatTemplate()),
                files.sha256(),
                files.vocabularySize(),
                files.modelVocabularySize(),
                new TokenizerFiles.SpecialTokens(padded, special.eosId(), special.eosId(), special.endIds()),
                files.distinguishesTexts());
    }

    private static String padded(String text, String file, String token) {
        ObjectNode tree = text == null ? JsonFiles.MAPPER.createObjectNode() : JsonFiles.parseObject(text, file);
        return new String(JsonFiles.pretty(tree.put(PAD, token)), StandardCharsets.UTF_8);
    }
}
