package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Tokens that end a model's answers: {@code eos_token_id}, a number or a list of numbers. */
final class EndTokens {
    private static final String KEY = "eos_token_id";
    private static final String GENERATION_CONFIG = "generation_config.json";

    private EndTokens() {}

    /**
     * Returns the end tokens of {@code generation_config.json} in a model folder, or of {@code config.json} if there
     * are none; and the tokenizer's end token.
     *
     * @param config the folder's {@code config.json}
     * @param eosTokenId the tokenizer's end token; negative for a tokenizer without
     * @throws RunException if a value is not a token id
     */
    static Set<Integer> of(Path folder, Optional<HfConfig> config, int eosTokenId, Configuration hadoop)
            throws IOException {
        Path generation = new Path(folder, GENERATION_CONFIG);
        Set<Integer> tokens =
                tokens(generation, HfFolderFiles.json(generation, hadoop).path(KEY));
        if (tokens.isEmpty()) {
            tokens = tokens(
                    new Path(folder, HfConfig.FILE),
                    config.flatMap(there -> there.find(KEY)).orElse(MissingNode.getInstance()));
        }
        if (eosTokenId >= 0) {
            tokens.add(eosTokenId);
        }
        return tokens;
    }

    private static Set<Integer> tokens(Path file, JsonNode value) {
        Set<Integer> tokens = new TreeSet<>();
        if (value.isMissingNode() || value.isNull()) {
            return tokens;
        }
        for (JsonNode token :
                value.isArray() ? value : JsonFiles.MAPPER.createArrayNode().add(value)) {
            if (!token.isIntegralNumber() || !token.canConvertToInt() || token.intValue() < 0) {
                throw RunException.data(file + ": " + KEY + " is " + Quoted.name(value.toString())
                        + ", must be a token id or a list of them");
            }
            tokens.add(token.intValue());
        }
        return tokens;
    }
}
