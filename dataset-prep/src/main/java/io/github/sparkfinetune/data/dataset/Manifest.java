package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Content of a prepared dataset: the newest {@code manifest-N.json} of its {@link Manifests}, in UTF-8 JSON. The
 * manifest is written last and whole, so a folder without a manifest is an unfinished dataset. The list of
 * {@link DatasetSplit.Shard shards} names the files of the dataset in storage order; other files do not belong to the
 * dataset. The same text and options give the same manifest on every cluster, except for the paths and times of the
 * {@link Source sources}, and the names of the shards, which contain the name of the run.
 *
 * <p>Fields have the names of the components of these records, in {@code snake_case}:
 *
 * <pre>
 * {
 * "schema_version" : 1,
 * "task" : "classification",
 * "labels" : [ "ham", "spam" ],
 * "longest" : 214,
 * "pad_token_id" : 0,
 * "splits" : {
 * "train" : {
 * "rows" : 4459, "tokens" : 104833, "truncated" : 0, "rows_per_label" : [ 3862, 597 ],
 * "shards" : [ { "file" : "train/part-00000-5f0c8a17e2d94b36-41.parquet", "bytes" : 49817, "row_groups" : [ 559 ] }, … ],
 * "documents" : { "count" : …, "label_tokens" : …, "dropped" : { "overlong" : 3 } },
 * "lengths" : { "16" : 1204, "32" : 2950, "64" : 305 }
 * }, …
 * },
 * "bad_rows" : { "empty_text" : 2 }, "cut_texts" : 0, "repaired_texts" : 1, "duplicates" : 0,
 * "sources" : [ { "key" : "data.train", "path" : "file:/…", "files" : 1, "bytes" : …, "fingerprint" : "…" } ],
 * "options" : { "text" : "text", "text_pair" : null, "label" : "label", "format" : "jsonl", …,
 * "documents" : { "packing" : "bfd", "overlong" : "truncate", "assistant_only_loss" : true,
 * "chat_template_sha256" : "…" } }
 * }
 * </pre>
 *
 * <p>{@code generations} lists the {@link Generation}s of a dataset that grows ({@code data.incremental}). The sums
 * over all generations are in the other fields.
 *
 * <p>Some fields are absent where they do not apply. {@code documents} of a split and of the options: samples are not
 * made of documents. {@code erased}: no document is erased. {@code corpus} of the manifest and of the options:
 * {@code data.corpus} is not used; else {@code "corpus" : { "rows" : 9000, "rejected" : { "c4.min_num_sentences" : 12
 * }, "masked" : { "email" : 3 }, "mix" : [ … ] }}. {@code problem_type}: texts have one label. {@code stride}: texts
 * are not cut into windows. {@code redacted} of the manifest and {@code redact} of the options: {@code data.redact}
 * replaces nothing. {@code question_answering}: rows are not questions. {@code split_by} and {@code split_by_time}:
 * they do not decide which rows are held out. {@code side} of a split: rows have neither groups nor times; else
 * {@code "side" : { "rows" : 120, "by" : "prompt", "groups" : 40, "shared" : 0 }}. A reader refuses unknown fields and
 * another {@code schema_version}.
 *
 * @param schemaVersion version of this format, {@value #SCHEMA_VERSION}
 * @param task the configuration's {@code task}
 * @param labels names of the labels, by id; empty if rows have no label; {@code LABEL_0} for numbers, as in
 *     {@code transformers}
 * @param longest tokens of the longest sample
 * @param padTokenId id that batches are padded with
 * @param splits splits by name: {@value #TRAIN}, then {@value #EVAL} and {@value #TEST} if they have samples
 * @param erased hashes of the contents of erased documents, sorted; absent (empty) if none is erased
 * @param generations generations in the order in which they were added; absent (empty) if the dataset does not grow
 * @param subjects bytes of the files with the keyed hashes of {@code data.subject}, by path in the dataset's folder;
 *     absent (empty) without it
 * @param badRows unusable rows by reason, sorted by reason; documents that tokenization finds to be unusable are in
 *     {@link DatasetSplit.Documents#dropped} instead
 * @param cutTexts usable rows with a text longer than {@code data.max_text_bytes}
 * @param repairedTexts usable rows with a text from which control bytes or invalid UTF-8 were removed
 * @param duplicates usable rows that were left out because an earlier row has their content
 * @param redacted parts of usable rows that {@code data.redact} replaced, by entity; absent if there are none
 * @param sources sources of raw text
 * @param options options that decide the content
 * @param corpus preparation of the corpus; absent (null) if {@code data.corpus} is not used
 * @param warnings properties of the data that train badly; absent if there are none
 */
public record Manifest(
        int schemaVersion,
        Task task,
        List<String> labels,
        int longest,
        int padTokenId,
        Map<String, DatasetSplit> splits,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> erased,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Generation> generations,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Long> subjects,
        Map<String, Long> badRows,
        long cutTexts,
        long repairedTexts,
        long duplicates,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Long> redacted,
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

    /**
     * One source of raw text.
     *
     * @param key configuration key of the source, such as {@code data.train}
     * @param path absolute URI of a file or folder, or a glob
     * @param files number of files
     * @param bytes length of all files
     * @param fingerprint SHA-256, in hexadecimal, of one line for each file, sorted by path: path, length, and
     *     modification time in milliseconds, separated by tabs; for a table also its name, columns and version
     * @param table table of the catalog; absent (null) for files, for views, and in datasets of earlier versions
     */
    public record Source(
            String key,
            String path,
            long files,
            long bytes,
            String fingerprint,
            @JsonInclude(JsonInclude.Include.NON_NULL) CatalogTable table)
            implements Serializable {
        /** Makes a source of files. */
        public Source(String key, String path, long files, long bytes, String fingerprint) {
            this(key, path, files, bytes, fingerprint, null);
        }

        /** Returns the source without what its fingerprint covers already. */
        public Source withoutTable() {
            return new Source(key, path, files, bytes, fingerprint);
        }
    }

    /**
     * Preparation of a corpus.
     *
     * @param rows rows of all sources
     * @param rejected documents that rules dropped, by the rule's key below {@code data.corpus}
     * @param masked placeholders in the remaining documents, by the pattern that they replace
     * @param mix sources of the mixed training text; empty if there is one source
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
     * @param weight weight of the source
     * @param documents usable documents of the source
     * @param sampled documents of the source in the mix
     * @param epochs mean number of times that the mix has a document of the source
     */
    public record Mixed(String key, double weight, long documents, long sampled, double epochs)
            implements Serializable {}

    public Manifest {
        erased = erased == null ? List.of() : List.copyOf(new TreeSet<>(erased));
        generations = generations == null ? List.of() : List.copyOf(generations);
        subjects = subjects == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(subjects));
        splits.forEach((name, split) -> Objects.requireNonNull(split, "a split is null"));
        labels = List.copyOf(labels);
        splits = Collections.unmodifiableMap(new LinkedHashMap<>(splits));
        badRows = Collections.unmodifiableMap(new TreeMap<>(badRows));
        redacted = redacted == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(redacted));
        Objects.requireNonNull(task, "task is missing");
        Objects.requireNonNull(options, "options is missing");
        sources = List.copyOf(sources);
        warnings = warnings == null ? List.of() : List.copyOf(warnings);
    }

    /** Returns the manifest of a dataset whose rows are all used, unchanged and once. */
    public static Manifest of(
            Task task,
            List<String> labels,
            int longest,
            int padTokenId,
            Map<String, DatasetSplit> splits,
            DatasetOptions options) {
        return new Manifest(
                SCHEMA_VERSION,
                task,
                labels,
                longest,
                padTokenId,
                splits,
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                0,
                0,
                0,
                Map.of(),
                List.of(),
                options,
                null,
                List.of());
    }

    /** Returns this manifest with warnings. */
    public Manifest withWarnings(List<Warning> found) {
        return Components.with(this, "warnings", found);
    }

    /** Returns this manifest with other splits. */
    public Manifest withSplits(Map<String, DatasetSplit> others) {
        return Components.with(this, "splits", others);
    }

    /** Returns this manifest with the hashes of all documents that are erased. */
    public Manifest withErased(List<String> hashes) {
        return Components.with(this, "erased", hashes);
    }

    /** Returns this manifest with other generations. */
    public Manifest withGenerations(List<Generation> others) {
        return Components.with(this, "generations", others);
    }

    /** Returns this manifest with the files of its subjects. */
    public Manifest withSubjects(Map<String, Long> files) {
        return Components.with(this, "subjects", files);
    }

    /** Returns this manifest with other sources. */
    public Manifest withSources(List<Source> others) {
        return Components.with(this, "sources", others);
    }

    /** Returns the bytes of all files of the dataset except the manifest, by path in the dataset's folder. */
    public Map<String, Long> files() {
        Map<String, Long> files = new LinkedHashMap<>();
        splits.values().stream()
                .flatMap(split -> split.shards().stream())
                .forEach(shard -> files.put(shard.file(), shard.bytes()));
        generations.forEach(generation -> files.putAll(generation.index()));
        files.putAll(subjects);
        return files;
    }

    /** Returns whether a dataset is finished. */
    public static boolean exists(Path dataset, Configuration hadoop) throws IOException {
        return new Manifests(dataset, hadoop).newest().isPresent();
    }

    /**
     * Reads a dataset's newest manifest.
     *
     * @throws RunException if there is no manifest, or this program cannot read it
     */
    public static Manifest read(Path dataset, Configuration hadoop) throws IOException {
        return new Manifests(dataset, hadoop).readNewest().manifest();
    }

    /**
     * Reads the manifest of a run's dataset: that of {@code data.generation}, or the newest.
     *
     * @param config configuration with absolute paths
     * @throws RunException if there is no such manifest, or this program cannot read it
     */
    public static Manifest of(RunConfig config, Configuration hadoop) throws IOException {
        return new Manifests(new Path(config.dataset()), hadoop)
                .read(config.data().pinned())
                .manifest();
    }

    /** Returns the content of the manifest's file. */
    public String toJson() throws IOException {
        return new String(ManifestFile.toBytes(this), StandardCharsets.UTF_8);
    }

    /**
     * Commits the manifest as the dataset's newest. A reader never sees a part of the manifest.
     *
     * @return number of the manifest
     * @throws IOException if another program has committed a manifest at the same moment
     */
    public int write(Path dataset, Configuration hadoop) throws IOException {
        return new Manifests(dataset, hadoop)
                .commit(this)
                .orElseThrow(() -> new IOException(dataset + " was changed by another program at the same moment"));
    }

    /**
     * Returns a split.
     *
     * @throws RunException if the split has no rows
     */
    public DatasetSplit split(String name) {
        DatasetSplit split = splits.get(name);
        if (split == null) {
            throw RunException.data("the dataset has no " + name + " rows: set data." + name
                    + (name.equals(TRAIN) ? "" : " or data." + name + "_fraction") + " and prepare it again");
        }
        return split;
    }

    /**
     * Refuses a dataset that was not prepared for this run.
     *
     * @param requested the run's options
     * @throws RunException that names the first difference
     */
    public void requireMatches(Path dataset, Task runTask, DatasetOptions requested) {
        requireSameProblem(dataset, runTask, requested);
        new OptionsMatch(dataset, options, requested).requireSameSamples();
    }

    /**
     * Refuses a dataset whose samples do not have the targets of this run's task.
     *
     * @param requested the run's options
     * @throws RunException that names the difference
     */
    public void requireSameProblem(Path dataset, Task runTask, DatasetOptions requested) {
        OptionsMatch match = new OptionsMatch(dataset, options, requested);
        match.requireSame("task", task, runTask);
        match.requireSameProblem();
    }
}
