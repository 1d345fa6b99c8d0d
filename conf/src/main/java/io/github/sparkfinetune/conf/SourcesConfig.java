package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Raw text, and how its files are read.
 *
 * @param train raw text to train on: a file, folder or glob on any Hadoop file system, or a table of Spark's catalog,
 *     {@code table:DATABASE.NAME}; folder names such as {@code day=2024-05-01} become columns
 * @param eval raw text held out for evaluation during training; null: {@code data.eval_fraction} of {@code data.train}
 * @param test raw text for the final metrics; null: {@code data.test_fraction} of {@code data.train}
 * @param heldOut further raw texts that {@code evaluate} measures, by name; {@code general: data/general.jsonl} shows
 *     what a model forgot during training on a domain
 * @param format format of raw text; files that end in .gz, .bz2 or .zst are decompressed
 * @param encoding character set of text, jsonl and csv; bytes outside it are removed and counted
 * @param multiline csv: whether quoted texts may contain line ends; true makes one task read each file, however large
 */
public record SourcesConfig(
        @Key(path = true, unless = "data.corpus.sources", hf = "DataTrainingArguments.train_file")
        String train,

        @Key(optional = true, path = true, hf = "DataTrainingArguments.validation_file")
        String eval,

        @Key(optional = true, path = true, hf = "DataTrainingArguments.test_file")
        String test,

        @Key(path = true) Map<String, Object> heldOut,
        DataFormat format,
        @Key(hf = "TextConfig") String encoding,
        boolean multiline)
        implements Serializable {

    public SourcesConfig {
        Check.present("data.held_out", heldOut);
        heldOut = Collections.unmodifiableMap(new TreeMap<>(heldOut));
        heldOut.forEach(SourcesConfig::checkHeldOut);
        Check.present("data.format", format);
        Check.that(isCharset(encoding), "data.encoding", encoding, "a character set that Java knows, such as UTF-8");
    }

    /** Returns whether any text is held out that is a source of its own. */
    public boolean hasHeldOut() {
        return eval != null || test != null || !heldOut.isEmpty();
    }

    /** Returns the paths of the further held-out sets by name. */
    public Map<String, String> heldOutPaths() {
        Map<String, String> paths = new LinkedHashMap<>();
        heldOut.forEach((name, path) -> paths.put(name, (String) path));
        return paths;
    }

    private static void checkHeldOut(String name, Object path) {
        String key = "data.held_out." + name;
        Check.that(
                name.matches("[a-z][a-z0-9_]*")
                        && !List.of("train", "eval", "test").contains(name),
                key,
                path,
                "named by lower-case letters, digits and underscores, and not train, eval or test");
        Check.that(path instanceof String, key, path, "a path");
    }

    private static boolean isCharset(String name) {
        try {
            return name != null && Charset.isSupported(name);
        } catch (IllegalCharsetNameException e) {
            return false;
        }
    }
}
