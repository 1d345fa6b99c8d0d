package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import java.io.Serializable;
import java.util.List;
import java.util.OptionalInt;

/** The raw text and how it becomes samples. */
public record DataConfig(
        @JsonUnwrapped SourcesConfig sources,
        @JsonUnwrapped Columns columns,
        @JsonUnwrapped Split split,
        @JsonUnwrapped Rows rows,
        @JsonUnwrapped Samples samples,
        @JsonUnwrapped Dataset dataset,
        RedactConfig redact,
        CorpusConfig corpus)
        implements Serializable {

    /**
     * Columns of a text and its label.
     *
     * @param text column of the text; token-classification: a list of words, or one text
     * @param textPair column of a second text of the same sample
     * @param label column of the label; several labels are a list, or one text with a vertical bar between labels; with
     *     text_folders the folder's name is the label; token-classification: one tag for each word, or spans in code
     *     points, {@code {start, end, label}}
     */
    public record Columns(
            @Key(hf = "SFTConfig.dataset_text_field") String text,
            @Key(optional = true) String textPair,
            String label) implements Serializable {

        public Columns {
            Check.present("data.text", text);
            Check.present("data.label", label);
        }
    }

    /**
     * Rows of the training text that are held out.
     *
     * @param evalFraction fraction of the training rows held out for evaluation during training; taken from each label
     *     if rows are not split by groups or time
     * @param testFraction fraction of the training rows held out for the final metrics, taken as for
     *     {@code data.eval_fraction}; with 0 and no {@code data.test} the final metrics are computed on the evaluation
     *     rows
     * @param splitBy column or list of columns, such as patient, user or thread; rows with equal values stay on one
     *     side of the split; null: rows of one context for question-answering, rows of one prompt for sft and
     *     preferences; {@code []}: rows of equal text
     * @param splitByTime column of dates or numbers: {@code data.test_fraction} holds out the newest rows,
     *     {@code data.eval_fraction} the rows before them
     */
    public record Split(
            double evalFraction,
            double testFraction,
            @Key(optional = true) ColumnNames splitBy,
            @Key(optional = true) String splitByTime)
            implements Serializable {

        public Split {
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
        }

        private static boolean isDistinct(List<String> names) {
            return names.stream().noneMatch(String::isBlank)
                    && names.stream().distinct().count() == names.size();
        }
    }

    /**
     * Rows that are unusable, too long or repeated.
     *
     * @param maxTextBytes longest text in UTF-8 bytes before tokenization; longer texts are truncated and counted
     * @param maxBadFraction fraction of unusable rows above which the run fails
     * @param deduplicate whether rows with equal text (after cleaning) are kept once; null: true if {@code data.corpus}
     *     is used
     * @param strict whether prepare fails instead of warning about data that trains badly: truncated texts, empty or
     *     rare labels, held-out rows that are also trained on, unknown tokens
     */
    public record Rows(
            int maxTextBytes,
            double maxBadFraction,
            @Key(optional = true) Boolean deduplicate,
            @Key(mayChange = true) boolean strict)
            implements Serializable {

        public Rows {
            Check.that(maxTextBytes >= 64, "data.max_text_bytes", maxTextBytes, "at least 64 bytes");
            Check.that(
                    maxBadFraction >= 0 && maxBadFraction <= 1,
                    "data.max_bad_fraction",
                    maxBadFraction,
                    "between 0 and 1");
        }
    }

    /**
     * How texts become samples of tokens.
     *
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
     */
    public record Samples(
            @Key(hf = "SFTConfig") int maxLength,

            @Key(optional = true, hf = "DataTrainingArguments.doc_stride")
            Integer stride,

            @Key(hf = "SFTConfig.packing_strategy") Packing packing,
            Overlong overlong,

            @Key(optional = true, path = true, hf = "SFTConfig.chat_template_path")
            String chatTemplate,

            @Key(hf = "SFTConfig") boolean assistantOnlyLoss)
            implements Serializable {

        public Samples {
            Check.that(maxLength >= 8, "data.max_length", maxLength, "at least 8 tokens");
            Check.that(
                    stride == null || (stride >= 0 && stride < maxLength),
                    "data.stride",
                    stride,
                    "at least 0 and below data.max_length");
            Check.present("data.packing", packing);
            Check.present("data.overlong", overlong);
        }

        /** Returns the number of tokens that neighbouring windows of a long text share. */
        public int windowStride() {
            return stride == null ? maxLength / 3 : stride;
        }
    }

    /**
     * Files of the prepared dataset, and the order of their rows.
     *
     * @param dir folder of the prepared dataset; null: {@code dataset} in {@code output.dir}
     * @param shards number of Parquet files of a split; null: one for each 256 MB of training text, at least 8
     * @param seed seed of the split, of the order of rows in the shards, and of the held-out tokens that masked-lm
     *     masks
     * @param incremental whether the dataset grows with its sources: a later {@code prepare} reads only new files and
     *     appends them as a generation; rows of removed files are erased; a fixed share of the hashes decides which
     *     rows are held out
     * @param generation number N of the {@code manifest-N.json} that is read; null: the newest; a training keeps the
     *     number with which it started
     * @param subject column of the person, customer or case that a row is about: a keyed hash of its value is kept for
     *     each row, so that {@code erase --subject} needs no source; a row without a value cannot be used
     * @param subjectKeyFile file of the key of these hashes, at least 16 bytes; equal keys give equal hashes, and the
     *     key enters no file of the run
     */
    public record Dataset(
            @Key(optional = true, path = true) String dir,
            @Key(optional = true) Integer shards,
            long seed,
            boolean incremental,

            @Key(optional = true, mayChange = true) Integer generation,

            @Key(optional = true) String subject,

            @Key(optional = true, path = true, mayChange = true)
            String subjectKeyFile)
            implements Serializable {

        public Dataset {
            Check.that(shards == null || shards >= 1, "data.shards", shards, "at least 1");
            Check.that(generation == null || generation >= 0, "data.generation", generation, "at least 0");
            Check.that(subject == null || !subject.isBlank(), "data.subject", subject, "the name of a column");
            Check.that(
                    subject == null || subjectKeyFile != null,
                    "data.subject_key_file",
                    null,
                    "a file with a key where data.subject is set");
        }

        /** Returns the generation to read; empty for the newest. */
        public OptionalInt pinned() {
            return generation == null ? OptionalInt.empty() : OptionalInt.of(generation);
        }
    }

    /** Prefix of a source that is a table of Spark's catalog, not a path. */
    public static final String TABLE = "table:";

    public DataConfig {
        Check.present("data.redact", redact);
        Check.present("data.corpus", corpus);
        boolean mixed = !corpus.mix().sources().isEmpty();
        if (!mixed) {
            Check.present("data.train", sources.train());
        }
        Check.that(
                sources.train() == null || !mixed,
                "data.train",
                sources.train(),
                "absent where data.corpus.sources is set: make it one of these");
        Check.that(
                !corpus.decontaminate().enabled() || sources.hasHeldOut(),
                "data.corpus.decontaminate.enabled",
                true,
                "false without data.eval, data.test and data.held_out: there is nothing to compare with");
        Check.that(
                dataset.subject() == null || samples.packing() != Packing.WRAPPED,
                "data.subject",
                dataset.subject(),
                "null with data.packing: wrapped, which cuts documents where others end");
        if (dataset.incremental()) {
            requireIncremental(rows, split, corpus);
        }
    }

    /** Refuses options by which the rows of an earlier generation would depend on later rows. */
    private static void requireIncremental(Rows rows, Split split, CorpusConfig corpus) {
        Check.that(
                rows.deduplicate() == null || rows.deduplicate(),
                "data.deduplicate",
                false,
                "true with data.incremental: a row of a new file may be one that the dataset has");
        Check.that(
                split.splitByTime() == null,
                "data.split_by_time",
                split.splitByTime(),
                "null with data.incremental: new rows would be the newest, and rows that are held out stay so");
        Check.that(
                corpus.mix().sources().isEmpty(),
                "data.corpus.sources",
                "a mix",
                "empty with data.incremental: the copies in a mix depend on the number of all documents");
    }

    /**
     * Returns whether only one of the rows with equal text is kept. Removing near-duplicates removes equal texts too,
     * and so does an incremental dataset; without a setting a corpus is deduplicated and other data is not.
     */
    public boolean deduplicates() {
        return dataset.incremental()
                || corpus.nearDedup().enabled()
                || (rows.deduplicate() == null ? corpus.isUsed() : rows.deduplicate());
    }

    /** Returns this section for rows without a second text. */
    public DataConfig withoutPair() {
        Columns alone = new Columns(columns.text(), null, columns.label());
        return new DataConfig(sources, alone, split, rows, samples, dataset, redact, corpus);
    }

    /** Returns this section for rows that keep their personal data. */
    public DataConfig withoutRedact() {
        return new DataConfig(sources, columns, split, rows, samples, dataset, redact.none(), corpus);
    }

    /** Returns this section for another generation of the dataset. */
    DataConfig onGeneration(int generation) {
        Dataset other = new Dataset(
                dataset.dir,
                dataset.shards,
                dataset.seed,
                dataset.incremental,
                generation,
                dataset.subject,
                dataset.subjectKeyFile);
        return new DataConfig(sources, columns, split, rows, samples, other, redact, corpus);
    }

    /** Returns whether rows are held out, from {@code data.train} or in sources of their own. */
    public boolean holdsOut() {
        return splitsOff() || sources.eval() != null || sources.test() != null;
    }

    /** Returns whether a fraction of {@code data.train} is held out. */
    public boolean splitsOff() {
        return (sources.eval() == null && split.evalFraction() > 0)
                || (sources.test() == null && split.testFraction() > 0);
    }

    /** Returns whether a source is a table of Spark's catalog, not a path. */
    public static boolean isTable(String source) {
        return source != null && source.startsWith(TABLE);
    }
}
