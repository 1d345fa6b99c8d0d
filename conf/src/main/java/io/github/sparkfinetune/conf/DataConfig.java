package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The raw text and how it becomes samples. */
public record DataConfig(
        @Key(path = true, unless = "data.corpus.sources", hf = "DataTrainingArguments.train_file")
        String train,

        @Key(optional = true, path = true, hf = "DataTrainingArguments.validation_file")
        String eval,

        @Key(optional = true, path = true, hf = "DataTrainingArguments.test_file")
        String test,

        @Key(path = true) Map<String, Object> heldOut,

        DataFormat format,
        @Key(hf = "TextConfig") String encoding,
        boolean multiline,
        @Key(hf = "SFTConfig.dataset_text_field") String text,
        @Key(optional = true) String textPair,
        String label,
        double evalFraction,
        double testFraction,
        @Key(optional = true) ColumnNames splitBy,
        @Key(optional = true) String splitByTime,
        @Key(hf = "SFTConfig") int maxLength,

        @Key(optional = true, hf = "DataTrainingArguments.doc_stride")
        Integer stride,

        int maxTextBytes,
        double maxBadFraction,
        @Key(optional = true) Boolean deduplicate,
        @Key(mayChange = true) boolean strict,
        @Key(optional = true) Integer shards,
        long seed,

        @Key(optional = true, path = true, hf = "SFTConfig.chat_template_path")
        String chatTemplate,

        @Key(hf = "SFTConfig") boolean assistantOnlyLoss,
        @Key(hf = "SFTConfig.packing_strategy") Packing packing,
        Overlong overlong,
        @Key(optional = true, path = true) String dir,
        CorpusConfig corpus)
        implements Serializable {

    /** Prefix of a source that is a table of Spark's catalog, not a path. */
    public static final String TABLE = "table:";

    /**
     * Packing of documents into samples of {@code data.max_length} tokens. In a causal language model attention never
     * crosses documents. In a masked language model attention covers all tokens of the sample, as in Hugging Face's.
     */
    public enum Packing {
        /** One document in each sample. */
        @JsonProperty("none")
        NONE,
        /** Whole documents, packed by best-fit decreasing (TRL: {@code packing_strategy: bfd}). */
        @JsonProperty("bfd")
        BFD,
        /**
         * All documents concatenated and cut every {@code max_length} tokens (TRL: {@code wrapped}, HF:
         * {@code group_texts}).
         */
        @JsonProperty("wrapped")
        WRAPPED
    }

    /** Treatment of a sample longer than {@code data.max_length}. */
    public enum Overlong {
        /** Cut it at the end, and count it. */
        @JsonProperty("truncate")
        TRUNCATE,
        /** Drop it, and count it. */
        @JsonProperty("drop")
        DROP
    }

    /** Format of raw text. */
    public enum DataFormat {
        /**
         * Chosen by the path: {@code .jsonl}/{@code .json}, {@code .csv} or {@code .parquet}; otherwise a folder of
         * label folders.
         */
        @JsonProperty("auto")
        AUTO,
        /** One text in each file {@code LABEL/FILE.txt}; the folder's name is the label if the task needs one. */
        @JsonProperty("text_folders")
        TEXT_FOLDERS,
        /** One text in each line. */
        @JsonProperty("text")
        TEXT,
        /** One JSON object in each line. */
        @JsonProperty("jsonl")
        JSONL,
        /** RFC 4180 with a header line. */
        @JsonProperty("csv")
        CSV,
        /** Parquet. */
        @JsonProperty("parquet")
        PARQUET,
        /**
         * A table of Spark's catalog. Every source that begins with {@link DataConfig#TABLE} is a table, even if other
         * sources are files.
         */
        @JsonProperty("table")
        TABLE,
        /** SQuAD's JSON of version 1 or 2: articles of paragraphs with questions. */
        @JsonProperty("squad")
        SQUAD
    }

    public DataConfig {
        Check.present("data.corpus", corpus);
        if (corpus.sources().isEmpty()) {
            Check.present("data.train", train);
        }
        Check.that(
                train == null || corpus.sources().isEmpty(),
                "data.train",
                train,
                "absent where data.corpus.sources is set: make it one of these");
        Check.present("data.held_out", heldOut);
        heldOut = Collections.unmodifiableMap(new TreeMap<>(heldOut));
        heldOut.forEach(DataConfig::checkHeldOut);
        Check.that(
                !corpus.decontaminate().enabled() || eval != null || test != null || !heldOut.isEmpty(),
                "data.corpus.decontaminate.enabled",
                true,
                "false without data.eval, data.test and data.held_out: there is nothing to compare with");
        Check.present("data.format", format);
        Check.that(isCharset(encoding), "data.encoding", encoding, "a character set that Java knows, such as UTF-8");
        Check.present("data.text", text);
        Check.present("data.label", label);
        Check.fraction("data.eval_fraction", evalFraction);
        Check.fraction("data.test_fraction", testFraction);
        Check.that(
                evalFraction + testFraction < 1,
                "data.eval_fraction",
                evalFraction,
                "below 1 together with data.test_fraction, so that rows are left to train on");
        Check.that(
                splitBy == null
                        || (splitBy.names().stream().noneMatch(String::isBlank)
                                && splitBy.names().stream().distinct().count()
                                        == splitBy.names().size()),
                "data.split_by",
                splitBy,
                "a column, or a list that names each once; [] for each row by itself");
        Check.that(
                splitByTime == null || !splitByTime.isBlank(),
                "data.split_by_time",
                splitByTime,
                "the name of a column");
        Check.that(
                splitByTime == null || splitBy == null || splitBy.names().isEmpty(),
                "data.split_by_time",
                splitByTime,
                "null where data.split_by names columns: rows of one group may be of any time");
        Check.that(maxLength >= 8, "data.max_length", maxLength, "at least 8 tokens");
        Check.that(
                stride == null || (stride >= 0 && stride < maxLength),
                "data.stride",
                stride,
                "at least 0 and below data.max_length");
        Check.that(maxTextBytes >= 64, "data.max_text_bytes", maxTextBytes, "at least 64 bytes");
        Check.that(
                maxBadFraction >= 0 && maxBadFraction <= 1, "data.max_bad_fraction", maxBadFraction, "between 0 and 1");
        Check.present("data.packing", packing);
        Check.present("data.overlong", overlong);
        Check.that(shards == null || shards >= 1, "data.shards", shards, "at least 1");
    }

    /**
     * Returns whether only one of the rows with equal text is kept. Removing near-duplicates removes equal texts too;
     * without a setting a corpus is deduplicated and other data is not.
     */
    public boolean deduplicates() {
        return corpus.nearDedup().enabled() || (deduplicate == null ? corpus.isUsed() : deduplicate);
    }

    /** Returns whether a fraction of {@link #train} is held out. */
    public boolean splitsOff() {
        return (eval == null && evalFraction > 0) || (test == null && testFraction > 0);
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

    /** Returns the paths of the further held-out sets by name. */
    public Map<String, String> heldOutPaths() {
        Map<String, String> paths = new LinkedHashMap<>();
        heldOut.forEach((name, path) -> paths.put(name, (String) path));
        return paths;
    }

    /** Returns the number of tokens that neighbouring windows of a long text share. */
    public int windowStride() {
        return stride == null ? maxLength / 3 : stride;
    }

    /** Returns whether a source is a table of Spark's catalog, not a path. */
    public static boolean isTable(String source) {
        return source != null && source.startsWith(TABLE);
    }

    private static boolean isCharset(String name) {
        try {
            return name != null && Charset.isSupported(name);
        } catch (IllegalCharsetNameException e) {
            return false;
        }
    }
}
