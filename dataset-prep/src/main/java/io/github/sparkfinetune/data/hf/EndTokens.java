package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** The tokens that end a model's text: {@code eos_token_id}, a number or a list of them. */
public final class EndTokens {
    private static final String KEY = "eos_token_id";
    private static final String GENERATION_CONFIG = "generation_config.json";

    private EndTokens() {}

    /**
     * Those that {@code generation_config.json} of a local model folder names, else those of its {@code config.json};
     * empty when neither names one.
     *
     * @throws RunException when one of them is not a token id
     */
    public static Set<Integer> read(Path folder) {
        Path generation = folder.resolve(GENERATION_CONFIG);
        Set<Integer> tokens = Files.exists(generation) ? tokens(generation) : Set.of();
        return tokens.isEmpty() ? tokens(folder.resolve(HfConfig.FILE)) : tokens;
    }

    private static Set<Integer> tokens(Path file) {
        JsonNode value = JsonFiles.readObject(file).path(KEY);
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
