package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.nio.charset.StandardCharsets;

/**
 * Files of a byte-level tokenizer after {@code add_prefix_space} was set, as {@code transformers} writes them.
 *
 * @param json {@code tokenizer.json}
 * @param settings {@code tokenizer_config.json}
 */
record PrefixSpace(String json, String settings) {
    private static final String KEY = "add_prefix_space";

    /** Sets the option; returns the files unchanged if the tokenizer is of another kind or has it set. */
    static PrefixSpace add(TokenizerFiles files) {
        ObjectNode tokenizer = JsonFiles.parseObject(files.texts().json(), "tokenizer.json");
        if (!(tokenizer.path("pre_tokenizer") instanceof ObjectNode splitter)
                || !splitter.path("type").asText().equals("ByteLevel")
                || splitter.path(KEY).asBoolean(true)) {
            return new PrefixSpace(files.texts().json(), files.texts().settings());
        }
        splitter.put(KEY, true);
        if (tokenizer.path("post_processor") instanceof ObjectNode processor && processor.has(KEY)) {
            processor.put(KEY, true);
        }
        ObjectNode settings = files.texts().settings() == null
                ? JsonFiles.MAPPER.createObjectNode()
                : JsonFiles.parseObject(files.texts().settings(), "tokenizer_config.json");
        return new PrefixSpace(text(tokenizer), text(settings.put(KEY, true)));
    }

    private static String text(ObjectNode tree) {
        return new String(JsonFiles.pretty(tree), StandardCharsets.UTF_8);
    }
}
