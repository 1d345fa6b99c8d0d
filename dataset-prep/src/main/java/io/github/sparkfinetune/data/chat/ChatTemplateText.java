package io.github.sparkfinetune.data.chat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.ModelFolder;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A chat template before it is parsed: read once on the driver, sent to the tasks as it is, {@linkplain #parse parsed}
 * there.
 *
 * @param source Jinja2 text
 * @param name what errors call it: the file that it was read from
 * @param specialTokens variables such as {@code bos_token}
 */
public record ChatTemplateText(String source, String name, Map<String, String> specialTokens) implements Serializable {
    private static final String CONFIG = "tokenizer_config.json";

    public ChatTemplateText {
        specialTokens = Map.copyOf(specialTokens);
    }

    /**
     * The template of a model folder, where {@code transformers} looks for it: {@code chat_template.jinja}, else
     * {@code chat_template} of {@code tokenizer_config.json}; of several named ones that called {@code default}.
     *
     * @throws RunException if there is none
     */
    public static ChatTemplateText ofModel(Path modelFolder, Configuration hadoop) throws IOException {
        Path file = new Path(modelFolder, "chat_template.jinja");
        byte[] bytes = ModelFolder.content(file, hadoop);
        if (bytes != null) {
            return of(file, bytes, modelFolder, hadoop);
        }
        Path config = new Path(modelFolder, CONFIG);
        JsonNode template = ModelFolder.json(config, hadoop).path("chat_template");
        if (template.isArray()) {
            template = named(config, template);
        }
        if (!template.isTextual()) {
            throw RunException.data(modelFolder + " has no chat template (no chat_template.jinja, no chat_template in "
                    + CONFIG + "): set data.chat_template to a file with one");
        }
        return new ChatTemplateText(template.asText(), config.toString(), specialTokens(modelFolder, hadoop));
    }

    /**
     * A template of one's own in place of the model's.
     *
     * @param file Jinja2 text, UTF-8
     * @param modelFolder where the special tokens are from
     * @throws RunException if the file does not exist
     */
    public static ChatTemplateText ofFile(Path file, Path modelFolder, Configuration hadoop) throws IOException {
        byte[] bytes = ModelFolder.content(file, hadoop);
        if (bytes == null) {
            throw RunException.config("data.chat_template: " + file + " does not exist: set it to a file with a Jinja2"
                    + " chat template, or leave it out to use the model's");
        }
        return of(file, bytes, modelFolder, hadoop);
    }

    private static ChatTemplateText of(Path file, byte[] bytes, Path modelFolder, Configuration hadoop)
            throws IOException {
        String source = new String(bytes, StandardCharsets.UTF_8);
        return new ChatTemplateText(source, file.toString(), specialTokens(modelFolder, hadoop));
    }

    /**
     * Parses it.
     *
     * @throws RunException if it is not Jinja2, or uses what is not supported
     */
    public ChatTemplate parse() {
        return ChatTemplate.parse(source, name, specialTokens);
    }

    private static JsonNode named(Path config, JsonNode templates) {
        TreeSet<String> names = new TreeSet<>();
        for (JsonNode template : templates) {
            if (template.path("name").asText().equals("default")) {
                return template.path("template");
            }
            names.add(template.path("name").asText());
        }
        throw RunException.data(config + ": chat_template has no template named default, only " + names
                + ": set data.chat_template to a file with the one to use");
    }

    private static Map<String, String> specialTokens(Path modelFolder, Configuration hadoop) throws IOException {
        JsonNode config = ModelFolder.json(new Path(modelFolder, CONFIG), hadoop);
        Map<String, String> tokens = new LinkedHashMap<>();
        addTokens(config, tokens);
        if (!config.has("added_tokens_decoder")) {
            // Only folders of the older layout have their special tokens in the other file.
            addTokens(ModelFolder.json(new Path(modelFolder, "special_tokens_map.json"), hadoop), tokens);
        }
        return tokens;
    }

    private static void addTokens(JsonNode file, Map<String, String> tokens) {
        for (Iterator<Map.Entry<String, JsonNode>> fields = file.fields(); fields.hasNext(); ) {
            Map.Entry<String, JsonNode> field = fields.next();
            JsonNode token = field.getValue();
            String content =
                    token.isObject() ? token.path("content").asText("") : token.isTextual() ? token.asText() : "";
            if (field.getKey().endsWith("_token") && !content.isEmpty()) {
                tokens.put(field.getKey(), content);
            }
        }
    }
}
