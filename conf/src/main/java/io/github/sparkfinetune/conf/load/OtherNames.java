package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.key.Key;
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
 * Names of other libraries for our settings, from {@code other-names.yaml} and from the marks of the records
 * ({@link Key#hf}).
 */
public final class OtherNames {
    /** Library of each class or script in the marks. */
    private static final Map<String, String> LIBRARIES = Map.of(
            "TrainingArguments", "Transformers",
            "DataTrainingArguments", "Transformers",
            "ModelConfig", "Transformers",
            "SFTConfig", "TRL",
            "DPOConfig", "TRL");

    private static final Map<String, Map<String, Name>> ALL = read();

    private OtherNames() {}

    /**
     * Our counterpart of another library's name.
     *
     * @param key key of a run, or null if there is no counterpart
     * @param value value that the name stands for, or null if the key takes its own values
     * @param remark remark or null
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

        /** Returns the key, followed by a colon and the value if the name stands for a value. */
        public String setting() {
            return value == null ? key : key + ": " + value;
        }

        /** Returns the text that follows an error about the name. */
        String hint() {
            return key == null ? "; there is none here: " + remark : "; did you mean " + setting() + "?";
        }
    }

    /** Returns each library's names that are not our keys, or that are the names of other keys of ours. */
    public static Map<String, Map<String, Name>> byLibrary() {
        return ALL;
    }

    /** Returns our counterpart of a name in any library. */
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
