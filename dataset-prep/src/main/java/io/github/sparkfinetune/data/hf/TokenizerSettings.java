package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The {@code tokenizer_config.json} of versions 4 and 5 of transformers. */
public final class TokenizerSettings {
    /** Name of the file. */
    public static final String FILE = "tokenizer_config.json";

    private static final String CLASS = "tokenizer_class";
    private static final String GENERIC = "PreTrainedTokenizerFast";
    private static final String GENERIC_5 = "TokenizersBackend";
    private static final String INPUTS = "model_input_names";
    private static final String EXTRA = "extra_special_tokens";
    private static final String ADDITIONAL = "additional_special_tokens";

    private TokenizerSettings() {}

    /** Returns whether the tokenizer is version 5's generic one, which unlike version 4's gives no token types. */
    static boolean isGeneric5(JsonNode settings) {
        return settings.path(CLASS).asText().equals(GENERIC_5);
    }

    /**
     * Returns content that both versions read alike. Names that version 4 does not know are replaced by names of
     * version 4, which version 5 still reads.
     *
     * @param content content of the file
     * @param file source of the content, for messages
     * @return the content itself if it has no such name
     */
    public static byte[] forBothVersions(byte[] content, String file) {
        ObjectNode settings = JsonFiles.parseObject(new String(content, StandardCharsets.UTF_8), file);
        ObjectNode both = settings.deepCopy();
        if (isGeneric5(settings)) {
            both.put(CLASS, GENERIC);
            if (!settings.has(INPUTS)) {
                both.set(INPUTS, JsonFiles.MAPPER.valueToTree(List.of("input_ids", "attention_mask")));
            }
        }
        if (settings.path(EXTRA).isArray()) {
            both.remove(EXTRA);
            if (!settings.has(ADDITIONAL)) {
                both.set(ADDITIONAL, settings.get(EXTRA));
            }
        }
        return both.equals(settings) ? content : JsonFiles.pretty(both);
    }
}
