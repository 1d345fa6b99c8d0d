package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.Quoted;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/**
 * What a prepared dataset holds: {@value #FILE_NAME} in its folder, in UTF-8 JSON. It is written last and moved in
 * whole, so that a folder without one is an unfinished dataset, and its list of {@link Shard shards} says which files
 * belong to the dataset, in storage order; a file that it does not name does not. The same text and options give the
 * same manifest on every cluster, but for the {@link Source} paths and times, and the names of the run that wrote it in
 * those of the shards.
 *
 * <p>Fields are named as the components of these records, in {@code snake_case} and in their order:
 *
 * <pre>
 * {
 *   "schema_version" : 1,
 *   "task" : "classification",
 *   "labels" : [ "ham", "spam" ],
 *   "longest" : 214,
 *   "splits" : {
 *     "train" : {
 *       "rows" : 4459, "tokens" : 104833, "truncated" : 0, "rows_per_label" : [ 3862, 597 ],
 *       "shards" : [ { "file" : "train/part-00000-5f0c8a17e2d94b36-41.parquet", "bytes" : 49817, "row_groups" : [ 559 ] }, … ],
 *       "documents" : { "count" : …, "label_tokens" : …, "dropped" : { "overlong" : 3 } },
 *       "lengths" : { "16" : 1204, "32" : 2950, "64" : 305 }
 *     }, …
 *   },
 *   "bad_rows" : { "empty_text" : 2 }, "cut_texts" : 0, "repaired_texts" : 1, "duplicates" : 0,
 *   "pad_token_id" : 0,
 *   "sources" : [ { "key" : "data.train", "path" : "file:/…", "files" : 1, "bytes" : …, "fingerprint" : "…" } ],
 *   "options" : { "text" : "text", "text_pair" : null, "label" : "label", "format" : "jsonl", …,
 *     "documents" : { "packing" : "bfd", "overlong" : "truncate", "assistant_only_loss" : true,
 *       "chat_template_sha256" : "…" } }
 * }
 * </pre>
 *
 * <p>{@code documents}, of a split and of the options, is there only where samples are made of documents;
 * {@code corpus}, of the manifest and of the options, only where {@code data.corpus} is used: {@code "corpus" : {
 * "rows" : 9000, "rejected" : { "c4.min_num_sentences" : 12 }, "masked" : { "email" : 3 }, "mix" : [ … ] }}; options
 * {@code problem_type} only where texts have several labels or a number, {@code stride} and {@code question_answering}
 * only where texts are cut into windows, and where rows are questions; {@code split_by} and {@code split_by_time} only
 * where they decide which rows are held out. {@code side}, of a split, is there where rows have groups or times:
 * {@code "side" : { "rows" : 120, "by" : "prompt", "groups" : 40, "shared" : 0 }}. A reader refuses a field that it
 * does not know and a {@code schema_version} other than its own.
 *
 * @param schemaVersion version of this format, {@value #SCHEMA_VERSION}
 * @param task what the samples are for: the configuration's {@code task}
 * @param labels label names; a name's place is its id; empty where rows have no label; of numbers the one name
 *     {@code LABEL_0}, as {@code transformers} has it
 * @param longest tokens of the longest sample of all splits
 * @param splits by name: {@value #TRAIN}, then {@value #EVAL} and {@value #TEST} where they have samples
 * @param badRows rows of the sources that could not be used, by reason, sorted by it; those of documents that turned
 *     out to be so when they were tokenized are in {@link Documents#dropped} instead
 * @param cutTexts usable rows with a text longer than {@code data.max_text_bytes}
 * @param repairedTexts usable rows with a text that control bytes or invalid UTF-8 were removed from
 * @param duplicates usable rows left out because their content was there already
 * @param padTokenId id that batches are padded with
 * @param sources what was read
 * @param options what decides the content
 * @param corpus what the preparation of the corpus did; absent (null) where {@code data.corpus} is not used
 * @param warnings what a model would learn badly from; absent where there is nothing
 */
public record Manifest(
        int schemaVersion,
        Task task,
        List<String> labels,
        int longest,
        Map<String, Split> splits,
        Map<String, Long> badRows,
        long cutTexts,
        long repairedTexts,
        long duplicates,
        int padTokenId,
        List<Source> sources,
        DatasetOptions options,
        @JsonInclude(JsonInclude.Include.NON_NULL) Corpus corpus,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Warning> warnings)
        implements Serializable {

    /** Version of the format that this program writes and reads. */
    public static final int SCHEMA_VERSION = 1;
    /** Name of the manifest in a dataset's folder. */
    public static final String FILE_NAME = "manifest.json";
    /** Split that is trained on. */
    public static final String TRAIN = "train";
    /** Split that is evaluated while training. */
    public static final String EVAL = "eval";
    /** Split for the final metrics. */
    public static final String TEST = "test";

    /** Most bytes of one: a million shards fit. */
    private static final int LARGEST = 256 << 20;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    /**
     * One split.
     *
     * @param rows number of samples
     * @param tokens their tokens, special tokens included
     * @param truncated samples, or documents, that lost tokens to {@code data.max_length}
     * @param rowsPerLabel number of samples that have each label, as theirs or as that of a token, by id; empty where
     *     there are no labels
     * @param shards its files, in storage order: a sample's index in the split is its place in all of them together
     * @param documents what its samples are made of; absent (null) where a sample is a text with a label
     * @param lengths texts, or the parts of them that samples hold, by length: of a power of two those of at most as
     *     many tokens and more than half as many; absent (empty) in datasets of earlier versions
     * @param side groups and times of its rows; absent (null) where rows stand alone
     */
    public record Split(
            long rows,
            long tokens,
            long truncated,
            List<Long> rowsPerLabel,
            List<Shard> shards,
            @JsonInclude(JsonInclude.Include.NON_NULL) Documents documents,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<Integer, Long> lengths,
            @JsonInclude(JsonInclude.Include.NON_NULL) Side side)
            implements Serializable {
        public Split {
            rowsPerLabel = List.copyOf(rowsPerLabel);
            shards = List.copyOf(shards);
            lengths = lengths == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(lengths));
        }

        /** A split whose lengths were not counted. */
        public Split(
                long rows,
                long tokens,
                long truncated,
                List<Long> rowsPerLabel,
                List<Shard> shards,
                Documents documents) {
            this(rows, tokens, truncated, rowsPerLabel, shards, documents, Map.of(), null);
        }

        /** Returns this split with groups and times. */
        public Split with(Side found) {
            return new Split(rows, tokens, truncated, rowsPerLabel, shards, documents, lengths, found);
        }
    }

    /**
     * Groups and times of the rows of one split, as they were before they were tokenized.
     *
     * @param rows how many
     * @param by what rows of a group share, as {@link DatasetOptions#splitBy}; absent (null) without groups
     * @param groups how many they are
     * @param shared rows of a held-out split whose group has rows that are trained on
     * @param from time of its oldest row, and {@code to} of its newest, where {@code data.split_by_time} splits; absent
     *     (null) without
     */
    public record Side(
            long rows,
            @JsonInclude(JsonInclude.Include.NON_NULL) String by,
            long groups,
            long shared,
            @JsonInclude(JsonInclude.Include.NON_NULL) String from,
            @JsonInclude(JsonInclude.Include.NON_NULL) String to)
            implements Serializable {}

    /**
     * The documents of one split.
     *
     * @param count documents in its samples
     * @param labelTokens tokens that are predicted: those with a label, but for the first of each document; of
     *     masked-lm all that may be masked
     * @param dropped documents that are in no sample, by {@link DropReason#label}; and {@code unlabelled_sample}:
     *     samples of parts of documents without a token to predict, which are left out
     */
    public record Documents(long count, long labelTokens, Map<String, Long> dropped) implements Serializable {
        public Documents {
            dropped = Collections.unmodifiableMap(new TreeMap<>(dropped));
        }
    }

    /**
     * One Parquet file, see {@link SampleWriter}.
     *
     * @param file path within the dataset's folder, with {@code /}
     * @param bytes its length
     * @param rowGroups rows of each row group, in order
     */
    public record Shard(String file, long bytes, List<Integer> rowGroups) implements Serializable {
        private static final Pattern INSIDE = Pattern.compile("[^/\\\\:\\p{Cntrl}]+(/[^/\\\\:\\p{Cntrl}]+)*");

        public Shard {
            if (!INSIDE.matcher(file).matches() || List.of(file.split("/")).contains("..")) {
                throw new IllegalArgumentException(Quoted.name(file) + " is not a file in the dataset's folder");
            }
            rowGroups = List.copyOf(rowGroups);
        }
    }

    /**
     * One source of raw text.
     *
     * @param key the configuration key that names it, e.g. {@code data.train}
     * @param path absolute URI of a file or folder, or a glob
     * @param files number of files
     * @param bytes their length together
     * @param fingerprint SHA-256, in hexadecimal, of a line for each file, sorted by path: path, length, and time of
     *     modification in milliseconds, with tabs between
     */
    public record Source(String key, String path, long files, long bytes, String fingerprint) implements Serializable {}

    /**
     * What the preparation of a corpus did.
     *
     * @param rows rows of all sources
     * @param rejected documents that were left out on purpose, by the rule's key below {@code data.corpus}
     * @param masked placeholders in the other documents, by what they stand for
     * @param mix what the training text was mixed of; empty where it is one source
     */
    public record Corpus(long rows, Map<String, Long> rejected, Map<String, Long> masked, List<Mixed> mix)
            implements Serializable {
        public Corpus {
            rejected = Collections.unmodifiableMap(new TreeMap<>(rejected));
            masked = Collections.unmodifiableMap(new TreeMap<>(masked));
            mix = List.copyOf(mix);
        }
    }

    /**
     * One source of a mix.
     *
     * @param key configuration key of the source
     * @param weight its weight
     * @param documents documents of it that could be used
     * @param sampled of these, those in the mix
     * @param epochs how often a document of it is in the mix, in the mean
     */
    public record Mixed(String key, double weight, long documents, long sampled, double epochs)
            implements Serializable {}

    public Manifest {
        Objects.requireNonNull(task, "task is missing");
        Objects.requireNonNull(options, "options is missing");
        splits.forEach((name, split) -> Objects.requireNonNull(split, "a split is null"));
        labels = List.copyOf(labels);
        splits = Collections.unmodifiableMap(new LinkedHashMap<>(splits));
        badRows = Collections.unmodifiableMap(new TreeMap<>(badRows));
        sources = List.copyOf(sources);
        warnings = warnings == null ? List.of() : List.copyOf(warnings);
    }

    /** The same with warnings. */
    public Manifest with(List<Warning> found) {
        return new Manifest(
                schemaVersion,
                task,
                labels,
                longest,
                splits,
                badRows,
                cutTexts,
                repairedTexts,
                duplicates,
                padTokenId,
                sources,
                options,
                corpus,
                found);
    }

    /** Whether a dataset is finished. */
    public static boolean exists(Path dataset, Configuration hadoop) throws IOException {
        return dataset.getFileSystem(hadoop).exists(new Path(dataset, FILE_NAME));
    }

    /**
     * Reads a dataset's manifest.
     *
     * @throws RunException if there is none, or none that this program can read
     */
    public static Manifest read(Path dataset, Configuration hadoop) throws IOException {
        Path path = new Path(dataset, FILE_NAME);
        Manifest manifest;
        try (FSDataInputStream in = path.getFileSystem(hadoop).open(path)) {
            // As text: of bytes Jackson guesses the encoding, and fails in its own way where it guesses UTF-32.
            String json = new String(HadoopFiles.readAll(in, path.toString(), LARGEST), StandardCharsets.UTF_8);
            // By a reader, whose content no message shows.
            manifest = JSON.readValue(new StringReader(json), Manifest.class);
        } catch (FileNotFoundException e) {
            throw RunException.data(
                    path + " does not exist: run prepare first, or set data.dir to a prepared dataset", e);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    path + " is not a manifest (" + e.getOriginalMessage().replaceAll("\\p{Cntrl}+", " ")
                            + "): delete the folder and prepare again",
                    e);
        }
        if (manifest == null) {
            throw RunException.data(path + " is not a manifest (it is null): delete the folder and prepare again");
        }
        if (manifest.schemaVersion() != SCHEMA_VERSION) {
            throw RunException.data(path + " has schema_version " + manifest.schemaVersion() + ", this program reads "
                    + SCHEMA_VERSION + ": prepare the dataset again into a new data.dir");
        }
        return manifest;
    }

    /** Writes the manifest, which finishes the dataset. A reader never sees half of it. */
    public void write(Path dataset, Configuration hadoop) throws IOException {
        Path path = new Path(dataset, FILE_NAME);
        HadoopFiles.writeWhole(path.getFileSystem(hadoop), path, JSON.writeValueAsBytes(this));
    }

    /**
     * The split of that name.
     *
     * @throws RunException if it has no rows
     */
    public Split split(String name) {
        Split split = splits.get(name);
        if (split == null) {
            throw RunException.data("the dataset has no " + name + " rows: set data." + name
                    + (name.equals(TRAIN) ? "" : " or data." + name + "_fraction") + " and prepare it again");
        }
        return split;
    }

    /**
     * Refuses a dataset that was not prepared for this run.
     *
     * @param wanted the run's options
     * @throws RunException that names the first difference
     */
    public void requireMatches(Path dataset, Task runTask, DatasetOptions wanted) {
        requireSameProblem(dataset, runTask, wanted);
        new OptionsMatch(dataset, options, wanted).requireSameSamples();
    }

    /**
     * Refuses a dataset whose samples do not hold what this run's task tells of a text.
     *
     * @param wanted the run's options
     * @throws RunException that names the difference
     */
    public void requireSameProblem(Path dataset, Task runTask, DatasetOptions wanted) {
        OptionsMatch match = new OptionsMatch(dataset, options, wanted);
        match.requireSame("task", task, runTask);
        match.requireSameProblem();
    }
}
