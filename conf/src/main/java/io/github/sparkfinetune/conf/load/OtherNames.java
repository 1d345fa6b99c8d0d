package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.Key;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What other libraries call a setting: the names of {@code other-names.yaml}, and those of Hugging Face that the marks
 * of the records have ({@link Key#hf}).
 */
public final class OtherNames {
    /** Classes and scripts that are configured by names, as the marks call them, and their library. */
    private static final Map<String, String> LIBRARIES = Map.of(
            "TrainingArguments", "Transformers",
            "DataTrainingArguments", "Transformers",
            "ModelConfig", "Transformers",
            "SFTConfig", "TRL",
            "DPOConfig", "TRL");

    private static final Map<String, Map<String, Name>> ALL = read();

    private OtherNames() {}

    /**
     * What a name stands for here.
     *
     * @param key of a run, or null where there is nothing of the kind
     * @param value that the name stands for, or null where values are the key's own
     * @param remark or null
     */
    public record Name(String key, String value, String remark) {
        private static Name of(Object line) {
            List<?> parts = line instanceof List<?> list ? list : List.of(line);
            String setting = (String) parts.get(0);
            String remark = parts.size() == 1 ? null : (String) parts.get(1);
            if (setting == null) {
                return new Name(null, null, remark);
            }
            String[] keyAndValue = setting.split("=", 2);
            return new Name(keyAndValue[0], keyAndValue.length == 1 ? null : keyAndValue[1], remark);
        }

        /** The key, with the value behind a colon where the name stands for one. */
        public String setting() {
            return value == null ? key : key + ": " + value;
        }

        /** Behind an error about the name. */
        String hint() {
            return key == null ? "; there is none here: " + remark : "; did you mean " + setting() + "?";
        }
    }

    /** The names of each library that are no keys of ours, or are another one. */
    public static Map<String, Map<String, Name>> byLibrary() {
        return ALL;
    }

    /** What a name stands for, in whatever library has it. */
    public static Optional<Name> find(String name) {
        return ALL.values().stream()
                .filter(names -> names.containsKey(name))
                .map(names -> names.get(name))
                .findFirst();
    }

    private static Map<String, Map<String, Name>> read() {
        Map<String, Map<String, Name>> all = new LinkedHashMap<>();
        try (InputStream in = OtherNames.class.getResourceAsStream("other-names.yaml")) {
            Map<String, Map<String, Object>> libraries = new Yaml(new SafeConstructor(new LoaderOptions())).load(in);
            libraries.forEach((library, names) -> {
                Map<String, Name> known = marked(library);
                names.forEach((name, line) -> known.put(name, Name.of(line)));
                all.put(library, known);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    private static Map<String, Name> marked(String library) {
        Map<String, Name> names = new LinkedHashMap<>();
        Keys.all().forEach((path, component) -> {
            Key mark = component.getAnnotation(Key.class);
            String hf = mark == null ? "" : mark.hf();
            int dot = hf.indexOf('.');
            if (dot > 0 && library.equals(LIBRARIES.get(hf.substring(0, dot)))) {
                names.put(hf.substring(dot + 1), new Name(path, null, null));
            }
        });
        return names;
    }
}
