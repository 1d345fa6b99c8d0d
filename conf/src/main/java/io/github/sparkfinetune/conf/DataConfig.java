package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.key.Key;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The raw text and how it becomes samples.
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
 * @param text column of the text; token-classification: a list of words, or one text
 * @param textPair column of a second text of the same sample
 * @param label column of the label; several labels are a list, or one text with a vertical bar between labels; with
 *     text_folders the folder's name is the label; token-classification: one tag for each word, or spans in code
 *     points, {@code {start, end, label}}
 * @param evalFraction fraction of the training rows held out for evaluation during training; taken from each label if
 *     rows are not split by groups or time
 * @param testFraction fraction of the training rows held out for the final metrics, taken as for
 *     {@code data.eval_fraction}; with 0 and no {@code data.test} the final metrics are computed on the evaluation rows
 * @param splitBy column or list of columns, such as patient, user or thread; rows with equal values stay on one side of
 *     the split; null: rows of one context for question-answering, rows of one prompt for sft and preferences;
 *     {@code []}: rows of equal text
 * @param splitByTime column of dates or numbers: {@code data.test_fraction} holds out the newest rows,
 *     {@code data.eval_fraction} the rows before them
 * @param maxTextBytes longest text in UTF-8 bytes before tokenization; longer texts are truncated and counted
 * @param maxBadFraction fraction of unusable rows above which the run fails
 * @param deduplicate whether rows with equal text (after cleaning) are kept once; null: true if {@code data.corpus} is
 *     used
 * @param strict whether prepare fails instead of warning about data that trains badly: truncated texts, empty or rare
 *     labels, held-out rows that are also trained on, unknown tokens
 * @param maxLength longest sample in tokens, including special tokens; longer texts are truncated and counted; for
 *     preferences the length of a prompt with one answer; {@code data.packing} and {@code data.overlong} decide for
 *     causal-lm, sft and masked-lm, {@code data.stride} for question-answering and token-classification
 * @param stride question-answering, token-classification: tokens that neighbouring windows of a text above
 *     {@code data.max_length} share; null: a third of {@code data.max_length}
 * @param packing causal-lm, sft, masked-lm: how documents share a sample
 * @param overlong treatment of a document longer than {@code data.max_length}, for causal-lm, sft, masked-lm and
 *     preferences; wrapped packing cuts documents instead
 * @param chatTemplate sft: file of a Jinja chat template; null: the model's own
 * @param assistantOnlyLoss sft: whether only the assistant's turns (or the completion), including their end tokens,
 *     count in the loss; false: all tokens count
 * @param dir folder of the prepared dataset; null: {@code dataset} in {@code output.dir}
 * @param shards number of Parquet files of a split; null: one for each 256 MB of training text, at least 8
 * @param seed seed of the split, of the order of rows in the shards, and of the held-out tokens that masked-lm masks
 * @param incremental whether the dataset grows with its sources: a later {@code prepare} reads only new files and
 *     appends them as a generation; rows of removed files are erased; a fixed share of the hashes decides which rows
 *     are held out
 * @param generation number N of the {@code manifest-N.json} that is read; null: the newest; a training keeps the number
 *     with which it started
 * @param subject column of the person, customer or case that a row is about: a keyed hash of its value is kept for each
 *     row, so that {@code erase --subject} needs no source; a row without a value cannot be used
 * @param subjectKeyFile file of the key of these hashes, at least 16 bytes; equal keys give equal hashes, and the key
 *     enters no file of the run
 */
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
        int maxTextBytes,
        double maxBadFraction,
        @Key(optional = true) Boolean deduplicate,
        @Key(mayChange = true) boolean strict,
        @Key(hf = "SFTConfig") int maxLength,

        @Key(optional = true, hf = "DataTrainingArguments.doc_stride")
        Integer stride,

        @Key(hf = "SFTConfig.packing_strategy") Packing packing,
        Overlong overlong,

        @Key(optional = true, path = true, hf = "SFTConfig.chat_template_path")
        String chatTemplate,

        @Key(hf = "SFTConfig") boolean assistantOnlyLoss,
        @Key(optional = true, path = true) String dir,
        @Key(optional = true) Integer shards,
        long seed,
        boolean incremental,
        @Key(optional = true, mayChange = true) Integer generation,
        @Key(optional = true) String subject,
        @Key(optional = true, path = true, mayChange = true) String subjectKeyFile,
        RedactConfig redact,
        CorpusConfig corpus)
        implements Serializable {

    /** Prefix of a source that is a table of Spark's catalog, not a path. */
    public static final String TABLE = "table:";

    public DataConfig {
        Check.present("data.held_out", heldOut);
        heldOut = Collections.unmodifiableMap(new TreeMap<>(heldOut));
        heldOut.forEach(DataConfig::checkHeldOut);
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
                splitBy == null || isDistinct(splitBy.names()),
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
        Check.that(maxTextBytes >= 64, "data.max_text_bytes", maxTextBytes, "at least 64 bytes");
        Check.that(
                maxBadFraction >= 0 && maxBadFraction <= 1, "data.max_bad_fraction", maxBadFraction, "between 0 and 1");
        Check.that(maxLength >= 8, "data.max_length", maxLength, "at least 8 tokens");
        Check.that(
                stride == null || (stride >= 0 && stride < maxLength),
                "data.stride",
                stride,
                "at least 0 and below data.max_length");
        Check.present("data.packing", packing);
        Check.present("data.overlong", overlong);
        Check.that(shards == null || shards >= 1, "data.shards", shards, "at least 1");
        Check.that(generation == null || generation >= 0, "data.generation", generation, "at least 0");
        Check.that(subject == null || !subject.isBlank(), "data.subject", subject, "the name of a column");
        Check.that(
                subject == null || subjectKeyFile != null,
                "data.subject_key_file",
                null,
                "a file with a key where data.subject is set");
        Check.present("data.redact", redact);
        Check.present("data.corpus", corpus);
        boolean mixed = !corpus.sources().isEmpty();
        if (!mixed) {
            Check.present("data.train", train);
        }
        Check.that(
                train == null || !mixed,
                "data.train",
                train,
                "absent where data.corpus.sources is set: make it one of these");
        Check.that(
                !corpus.decontaminate().enabled() || eval != null || test != null || !heldOut.isEmpty(),
                "data.corpus.decontaminate.enabled",
                true,
                "false without data.eval, data.test and data.held_out: there is nothing to compare with");
        Check.that(
                subject == null || packing != Packing.WRAPPED,
                "data.subject",
                subject,
                "null with data.packing: wrapped, which cuts documents where others end");
        if (incremental) {
            requireIncremental(deduplicate, splitByTime, corpus);
        }
    }

    /** Refuses options by which the rows of an earlier generation would depend on later rows. */
    private static void requireIncremental(Boolean deduplicate, String splitByTime, CorpusConfig corpus) {
        Check.that(
                deduplicate == null || deduplicate,
                "data.deduplicate",
                false,
                "true with data.incremental: a row of a new file may be one that the dataset has");
        Check.that(
                splitByTime == null,
                "data.split_by_time",
                splitByTime,
                "null with data.incremental: new rows would be the newest, and rows that are held out stay so");
        Check.that(
                corpus.sources().isEmpty(),
                "data.corpus.sources",
                "a mix",
                "empty with data.incremental: the copies in a mix depend on the number of all documents");
    }

    /**
     * Returns whether only one of the rows with equal text is kept. Removing near-duplicates removes equal texts too,
     * and so does an incremental dataset; without a setting a corpus is deduplicated and other data is not.
     */
    public boolean deduplicates() {
        return incremental || corpus.nearDedup().enabled() || (deduplicate == null ? corpus.isUsed() : deduplicate);
    }

    /** Returns this section for rows without a second text. */
    public DataConfig withoutPair() {
        return Components.with(this, "textPair", null);
    }

    /** Returns this section for rows that keep their personal data. */
    public DataConfig withoutRedact() {
        return Components.with(this, "redact", redact.none());
    }

    /** Returns this section for another generation of the dataset. */
    DataConfig onGeneration(int generation) {
        return Components.with(this, "generation", generation);
    }

    /** Returns whether rows are held out, from {@code data.train} or in sources of their own. */
    public boolean holdsOut() {
        return splitsOff() || eval != null || test != null;
    }

    /** Returns whether a fraction of {@code data.train} is held out. */
    public boolean splitsOff() {
        return (eval == null && evalFraction > 0) || (test == null && testFraction > 0);
    }

    /** Returns whether a source is a table of Spark's catalog, not a path. */
    public static boolean isTable(String source) {
        return source != null && source.startsWith(TABLE);
    }

    /** Returns whether any text is held out that is a source of its own. */
    public boolean hasHeldOutSources() {
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

    private static boolean isDistinct(List<String> names) {
        return names.stream().noneMatch(String::isBlank)
                && names.stream().distinct().count() == names.size();
    }

    /** Returns the number of tokens that neighbouring windows of a long text share. */
    public int windowStride() {
        return stride == null ? maxLength / 3 : stride;
    }

    /** Returns the generation to read; empty for the newest. */
    public OptionalInt pinned() {
        return generation == null ? OptionalInt.empty() : OptionalInt.of(generation);
    }
}
