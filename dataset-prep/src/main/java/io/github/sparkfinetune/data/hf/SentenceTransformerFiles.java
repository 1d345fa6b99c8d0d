package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The files by which {@code sentence-transformers} loads a model folder as a transformer and a pooling.
 *
 * @param width number of elements of a vector
 * @param maxLength largest number of tokens of a text
 * @param pooling name of the pooling: mean, cls or lasttoken
 * @param queryPrompt text before queries, or null
 * @param documentPrompt text before documents, or null
 */
public record SentenceTransformerFiles(
        int width, int maxLength, String pooling, String queryPrompt, String documentPrompt) {
    /** Name of the pooling's settings in a model folder. */
    public static final String POOLING = "1_Pooling/config.json";

    private static final String MODE = "pooling_mode_";
    private static final String MODULE = "sentence_transformers.models.";

    /**
     * Returns the pooling that a model folder states, or empty if it is no folder of {@code sentence-transformers}.
     *
     * @throws RunException if the folder states none, or several at once
     */
    public static Optional<String> pooling(Path folder, Configuration hadoop) throws IOException {
        Path file = new Path(folder, POOLING);
        FileSystem files = file.getFileSystem(hadoop);
        if (!files.exists(file)) {
            return Optional.empty();
        }
        JsonNode settings = JsonFiles.parseObject(HadoopFiles.readText(files, file), file.toString());
        if (settings.path("pooling_mode").isTextual()) {
            return Optional.of(settings.path("pooling_mode").textValue());
        }
        List<String> modes = new ArrayList<>();
        settings.fieldNames().forEachRemaining(name -> {
            if (name.startsWith(MODE) && settings.path(name).asBoolean()) {
                modes.add(name.substring(MODE.length()).replaceFirst("_tokens?$", ""));
            }
        });
        if (modes.size() != 1) {
            throw RunException.data(
                    file + ": poolings " + modes + " are not supported: only one of mean, cls," + " lasttoken");
        }
        return Optional.of(modes.get(0));
    }

    /** Returns the contents of the files by name. */
    public Map<String, byte[]> files() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("modules.json", pretty(List.of(module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling"))));
        files.put("sentence_bert_config.json", pretty(ordered("max_seq_length", maxLength, "do_lower_case", false)));
        files.put(
                "config_sentence_transformers.json",
                pretty(ordered(
                        "prompts",
                        ordered("query", text(queryPrompt), "document", text(documentPrompt)),
                        "similarity_fn_name",
                        "cosine")));
        files.put(POOLING, pretty(poolingSettings()));
        return files;
    }

    private static byte[] pretty(Object value) {
        return JsonFiles.pretty(JsonFiles.MAPPER.valueToTree(value));
    }

    private Map<String, Object> poolingSettings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("word_embedding_dimension", width);
        settings.put("pooling_mode_cls_token", pooling.equals("cls"));
        settings.put("pooling_mode_mean_tokens", pooling.equals("mean"));
        settings.put("pooling_mode_max_tokens", false);
        settings.put("pooling_mode_mean_sqrt_len_tokens", false);
        settings.put("pooling_mode_weightedmean_tokens", false);
        settings.put("pooling_mode_lasttoken", pooling.equals("lasttoken"));
        settings.put("include_prompt", true);
        return settings;
    }

    private static Map<String, Object> module(int index, String path, String type) {
        return ordered("idx", index, "name", String.valueOf(index), "path", path, "type", MODULE + type);
    }

    private static String text(String promptOrNull) {
        return promptOrNull == null ? "" : promptOrNull;
    }

    private static Map<String, Object> ordered(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
