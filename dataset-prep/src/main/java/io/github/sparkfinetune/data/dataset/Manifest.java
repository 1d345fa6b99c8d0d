package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.Overlong;
import io.github.sparkfinetune.conf.DataConfig.Packing;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a prepared dataset holds: {@code manifest.json} in its folder, written last, so that a folder without one is an
 * unfinished dataset. The same text and options give the same manifest on every cluster.
 *
 * @param schemaVersion version of this format, {@value #SCHEMA_VERSION}
 * @param task what the samples are for
 * @param labels label names; a name's place is its id; none where texts have no label
 * @param longest tokens of the longest sample
 * @param splits by name: {@value #TRAIN}, then {@value #EVAL} and {@value #TEST} where they have rows
 * @param badRows rows that could not be used, by reason
 * @param cutTexts texts longer than {@code data.max_text_bytes}
 * @param repairedTexts texts that control bytes or invalid UTF-8 were removed from
 * @param duplicates rows dropped because their text was there already
 * @param padTokenId id that batches are padded with
 * @param sources what was read
 * @param options what decides the content
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
        Options options)
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
     * @param rowsPerLabel number of samples of each label, by id
     * @param shards its files, in storage order
     * @param documents what its samples are made of, or null where a sample is a text with a label
     */
    public record Split(
            long rows,
            long tokens,
            long truncated,
            List<Long> rowsPerLabel,
            List<Shard> shards,
            @JsonInclude(JsonInclude.Include.NON_NULL) Documents documents)
            implements Serializable {
        public Split {
            rowsPerLabel = List.copyOf(rowsPerLabel);
            shards = List.copyOf(shards);
        }
    }

    /**
     * The documents of one split.
     *
     * @param count documents in its samples
     * @param labelTokens tokens that are predicted
     * @param dropped documents that are in no sample, by {@link DropReason#label}
     */
    public record Documents(long count, long labelTokens, Map<String, Long> dropped) implements Serializable {
        public Documents {
            dropped = Collections.unmodifiableMap(new TreeMap<>(dropped));
        }
    }

    /**
     * One Parquet file.
     *
     * @param file path within the dataset's folder
     * @param bytes its length
     * @param rowGroups rows of each row group
     */
    public record Shard(String file, long bytes, List<Integer> rowGroups) implements Serializable {
        public Shard {
            rowGroups = List.copyOf(rowGroups);
        }
    }

    /**
     * One source of raw text.
     *
     * @param key the configuration key that names it
     * @param path absolute
     * @param files number of files
     * @param bytes their length together
     * @param fingerprint SHA-256 of their names, lengths and times of modification
     */
    public record Source(String key, String path, long files, long bytes, String fingerprint) implements Serializable {}

    /**
     * The options that decide the content.
     *
     * @param text column of the text, or null where rows are conversations
     * @param label column of the label, or null where there is none
     * @param tokenizerSha256 hash of {@code tokenizer.json}, added tokens included
     * @param documents how documents are made and packed, or null where a sample is a text with a label
     */
    public record Options(
            String text,
            String textPair,
            String label,
            String format,
            double evalFraction,
            double testFraction,
            int maxLength,
            int maxTextBytes,
            boolean deduplicate,
            int shards,
            long seed,
            String tokenizerSha256,
            @JsonInclude(JsonInclude.Include.NON_NULL) DocumentOptions documents)
            implements Serializable {}

    /**
     * How documents are made and packed.
     *
     * @param overlong null where the packing cuts documents
     * @param assistantOnlyLoss null where there are no conversations
     * @param chatTemplateSha256 hash of the chat template, or null where none is used
     */
    public record DocumentOptions(
            Packing packing, Overlong overlong, Boolean assistantOnlyLoss, String chatTemplateSha256)
            implements Serializable {

        /** What a run asks for, or null for a task without documents. */
        public static DocumentOptions of(Task task, DataConfig data, TokenizerFiles tokenizer) {
            return switch (task) {
                case CLASSIFICATION -> null;
                case CAUSAL_LM ->
                    new DocumentOptions(
                            data.packing(), data.packing() == Packing.WRAPPED ? null : data.overlong(), null, null);
                case SFT ->
                    new DocumentOptions(
                            data.packing(), data.overlong(), data.assistantOnlyLoss(), tokenizer.chatTemplateSha256());
            };
        }

        /** Whether every token of a document is learnt. */
        boolean allLearnt() {
            return !Boolean.TRUE.equals(assistantOnlyLoss);
        }
    }

    public Manifest {
        labels = List.copyOf(labels);
        splits = Collections.unmodifiableMap(new LinkedHashMap<>(splits));
        badRows = Collections.unmodifiableMap(new TreeMap<>(badRows));
        sources = List.copyOf(sources);
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
            manifest = JSON.readValue(in.readAllBytes(), Manifest.class);
        } catch (FileNotFoundException e) {
            throw RunException.data(
                    path + " does not exist: run prepare first, or set data.dir to a prepared dataset", e);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    path + " is not a manifest (" + e.getOriginalMessage() + "): delete the folder and prepare again",
                    e);
        }
        if (manifest.schemaVersion() != SCHEMA_VERSION) {
            throw RunException.data(path + " has schema_version " + manifest.schemaVersion() + ", this program reads "
                    + SCHEMA_VERSION + ": prepare the dataset again into a new data.dir");
        }
        return manifest;
    }

    /** Writes the manifest, which finishes the dataset. */
    public void write(Path dataset, Configuration hadoop) throws IOException {
        Path path = new Path(dataset, FILE_NAME);
        FileSystem files = path.getFileSystem(hadoop);
        // A reader must never see half of it: it is moved in whole. (Object stores make objects visible whole anyway.)
        Path unfinished = new Path(dataset, "_" + FILE_NAME);
        try (FSDataOutputStream out = files.create(unfinished, true)) {
            out.write(JSON.writeValueAsBytes(this));
        }
        if (!files.rename(unfinished, path)) {
            throw new IOException("cannot rename " + unfinished + " to " + path);
        }
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

    /** The columns of its files. */
    public SampleColumns columns() {
        return options.documents() == null
                ? SampleColumns.ofText(options.textPair() != null)
                : SampleColumns.ofDocuments(options.documents().allLearnt());
    }

    /**
     * Refuses a dataset that was not prepared for this run.
     *
     * @throws RunException that names the first difference
     */
    public void requireMatches(Path dataset, Task runTask, DataConfig data, TokenizerFiles tokenizer) {
        requireSame(dataset, "task", task, runTask);
        requireSame(dataset, "data.max_length", options.maxLength(), data.maxLength());
        if (!options.tokenizerSha256().equals(tokenizer.sha256())) {
            throw RunException.data(dataset + " was tokenized with another tokenizer.json (SHA-256 "
                    + options.tokenizerSha256() + ", the model's is " + tokenizer.sha256()
                    + "): prepare it again into a new data.dir");
        }
        DocumentOptions wanted = DocumentOptions.of(runTask, data, tokenizer);
        if (wanted != null) {
            DocumentOptions there = options.documents();
            requireSame(dataset, "data.packing", there.packing(), wanted.packing());
            requireSame(dataset, "data.overlong", there.overlong(), wanted.overlong());
            requireSame(dataset, "data.assistant_only_loss", there.assistantOnlyLoss(), wanted.assistantOnlyLoss());
            requireSame(dataset, "a chat template of SHA-256", there.chatTemplateSha256(), wanted.chatTemplateSha256());
        }
    }

    private static void requireSame(Path dataset, String key, Object prepared, Object wanted) {
        if (!Objects.equals(prepared, wanted)) {
            throw RunException.data(dataset + " was prepared with " + key + ": " + prepared + ", this run has " + wanted
                    + ": prepare it again into a new data.dir, or run with " + prepared);
        }
    }
}
