package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.SubjectKey;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import io.github.sparkfinetune.spark.prepare.generation.SubjectSearch;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * Search for chosen documents and their tokens: a file needs no source, other choices are made in the sources.
 *
 * @param config configuration with absolute paths
 * @param task task of the dataset
 * @param manifest manifest of the dataset
 * @param <C> content of a cleaned row
 */
record DocumentSearch<C>(
        SparkSession spark, RunConfig config, TaskData<C> task, TokenizerFiles tokenizer, Manifest manifest) {

    /** Most names of changed files in a message. */
    private static final int NAMED = 3;

    /** A document with its tokens, as it comes from an executor. */
    private record Found(ContentHash hash, RowTokens tokens) implements Serializable {}

    /**
     * Finds the chosen documents.
     *
     * @throws RunException with exit code 3 if no document is chosen
     */
    Documents find(Selection selection) throws IOException {
        if (selection.readsNoSource()) {
            return indexed(selection);
        }
        if (selection.kind() != Selection.Kind.FILE || selection.nearDuplicates()) {
            requireUnchanged(selection);
        }
        Broadcast<TokenizerFiles> files =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(tokenizer);
        Map<ContentHash, RowTokens> tokens = new LinkedHashMap<>();
        List<String> texts = new ArrayList<>();
        try {
            if (selection.kind() == Selection.Kind.FILE) {
                CleanRow<C> row = given(selection);
                try (TextTokenizer open = TextTokenizer.open(tokenizer)) {
                    TaskData.Encoder<C> encoder = task.encoder(open, tokenizer, "data.train", labels());
                    // A text alone has no label, and its tokens do not depend on one.
                    tokens.put(row.hash(), RowTokens.of(task, encoder, row.unlabelled(), labels()));
                }
                texts.add(task.text(row.content()));
            } else {
                Set<ContentHash> only = selection.kind() == Selection.Kind.HASH ? Set.of(selection.hash()) : Set.of();
                add(tokens, chosen(selection), only, files);
                if (tokens.isEmpty()) {
                    throw RunException.data(selection.shown() + " is in no row of the sources: nothing was changed");
                }
            }
            if (selection.nearDuplicates()) {
                List<SourceReader.Rows<C>> all = all();
                JavaRDD<CleanRow<C>> rows = all.stream()
                        .map(SourceReader.Rows::rdd)
                        .reduce(JavaRDD::union)
                        .orElseThrow();
                Set<ContentHash> similar = new SimilarDocuments<>(
                                task, config.data().corpus().nearDedup())
                        .with(rows, tokens.keySet(), texts);
                add(tokens, all, similar, files);
            }
            return new TokenDocuments(task, tokens);
        } finally {
            files.destroy();
        }
    }

    /** Finds documents by the subjects that the dataset keeps. */
    private Documents indexed(Selection selection) {
        SubjectSearch search = new SubjectSearch(spark, dataset(), manifest);
        Set<ContentHash> contents;
        if (selection.kind() == Selection.Kind.HASH) {
            requireSubjects(selection.kind().option() + " --as-prepared");
            contents = Set.of(selection.hash());
        } else {
            String option = selection.kind().option();
            String value = selection.value();
            String column = manifest.options().subject();
            requireSubjects(option);
            if (selection.kind() == Selection.Kind.WHERE) {
                if (!selection.column().column().equals(column)) {
                    throw RunException.config("--as-prepared: " + dataset() + " keeps hashes of the column " + column
                            + " (data.subject), not of " + selection.column().column()
                            + ": choose rows by --where " + column + "=VALUE");
                }
                value = selection.column().value();
            }
            SubjectKey key = requireSameKey(option);
            contents = search.contents(key.open()
                    .of(value)
                    .orElseThrow(() ->
                            RunException.config(option + " has no value: name the value of the column " + column)));
            if (contents.isEmpty()) {
                throw RunException.data(option + ": no row of " + dataset() + " has this value in the column " + column
                        + ": nothing was changed");
            }
        }
        return new IndexedDocuments(task, contents, search.samples(contents));
    }

    private Path dataset() {
        return new Path(config.dataset());
    }

    private void requireSubjects(String option) {
        if (manifest.subjects().isEmpty()) {
            throw RunException.config(
                    option + ": " + dataset() + " keeps no hashes of subjects: set data.subject and"
                            + " data.subject_key_file, and prepare it again into a new data.dir, or choose documents by --where");
        }
    }

    private SubjectKey requireSameKey(String option) {
        String column = manifest.options().subject();
        String configured = config.data().subject();
        if (!column.equals(configured)) {
            throw RunException.config(option + ": " + dataset() + " was prepared with data.subject: " + column
                    + ", this run has " + configured + ": set data.subject: " + column);
        }
        SubjectKey key = SubjectKey.of(config.data()).orElseThrow();
        if (!key.fingerprint().equals(manifest.options().subjectKeyFile())) {
            throw RunException.config(option + ": " + dataset() + " was prepared with another key than that of"
                    + " data.subject_key_file: name the file of that key");
        }
        return key;
    }

    /** Refuses to search sources that are no longer those of the dataset: rows that they lost would be missed. */
    private void requireUnchanged(Selection selection) throws IOException {
        List<SourceFiles> now = Sources.of(spark, config.data());
        List<String> changed = new ArrayList<>();
        for (Manifest.Source before : manifest.sources()) {
            Optional<SourceFiles> same = now.stream()
                    .filter(source -> source.key().equals(before.key()))
                    .findFirst();
            if (same.isEmpty()) {
                changed.add(before.key() + " (" + before.path() + ")");
            } else if (!same.get().toManifest().fingerprint().equals(before.fingerprint())) {
                changed.add(before.key() + " (" + newer(same.get(), before.path()) + ")");
            }
        }
        if (!changed.isEmpty()) {
            throw RunException.data(selection.kind().option() + ": the sources have changed since " + dataset()
                    + " was prepared: " + String.join(", ", changed)
                    + ". Rows that they lost would be missed: put the files back, run finetune prepare if"
                    + " data.incremental is set, or find the rows by --subject, --as-prepared or --text-file");
        }
    }

    /** Returns the path of a source, with its files that were written after the dataset. */
    private String newer(SourceFiles source, String path) throws IOException {
        long prepared = new Manifests(dataset(), spark.sparkContext().hadoopConfiguration()).newestTime();
        List<String> names = new ArrayList<>();
        for (ListedFile file : source.listing().files()) {
            if (file.time() > prepared && names.size() < NAMED) {
                names.add(new Path(file.path()).getName());
            }
        }
        return names.isEmpty() ? path : path + ": " + String.join(", ", names);
    }

    private List<String> labels() {
        return manifest.labels();
    }

    private CleanRow<C> given(Selection selection) throws IOException {
        CleanRow<C> row = TraceJob.given(
                spark.sparkContext(),
                config,
                task,
                tokenizer,
                DataFormat.of(manifest.options().format()),
                selection.kind().option(),
                selection.value());
        if (row.badBecause() != null) {
            throw RunException.data(
                    selection.shown() + " is in no sample (" + row.badBecause() + "): nothing was changed");
        }
        return row;
    }

    private List<SourceReader.Rows<C>> all() {
        return read(new SourceReader(spark, tokenizer, config.data()), Sources.of(spark, config.data()));
    }

    private List<SourceReader.Rows<C>> chosen(Selection selection) {
        if (selection.kind() == Selection.Kind.HASH) {
            return all();
        }
        SourceReader.ColumnValue value = selection.column();
        SourceReader reader = new SourceReader(spark, tokenizer, config.data()).only(value);
        List<SourceFiles> having = Sources.of(spark, config.data()).stream()
                .filter(source -> reader.columns(source).contains(value.column()))
                .toList();
        if (having.isEmpty()) {
            throw RunException.config("--where: no source has the column " + value.column());
        }
        return read(reader, having);
    }

    private List<SourceReader.Rows<C>> read(SourceReader reader, List<SourceFiles> sources) {
        return sources.stream().map(source -> reader.read(source, task, true)).toList();
    }

    /**
     * Adds the tokens of rows.
     *
     * @param only hashes of the rows that are added; all rows if it is empty
     */
    private void add(
            Map<ContentHash, RowTokens> tokens,
            List<SourceReader.Rows<C>> sources,
            Set<ContentHash> only,
            Broadcast<TokenizerFiles> files) {
        List<String> names = new ArrayList<>(labels());
        Set<ContentHash> hashes = new HashSet<>(only);
        for (SourceReader.Rows<C> rows : sources) {
            found(task, rows, hashes, names, files).forEach(one -> tokens.putIfAbsent(one.hash(), one.tokens()));
        }
    }

    /** Only serializable values, because executors get them. */
    private static <C> List<Found> found(
            TaskData<C> task,
            SourceReader.Rows<C> rows,
            Set<ContentHash> hashes,
            List<String> names,
            Broadcast<TokenizerFiles> files) {
        String key = rows.source().key();
        return rows.rdd()
                .filter(row -> row.badBecause() == null && (hashes.isEmpty() || hashes.contains(row.hash())))
                .mapPartitions(partition -> TokenizingIterator.of(files.value(), partition, open -> {
                    TaskData.Encoder<C> encoder = task.encoder(open, files.value(), key, names);
                    return row -> new Found(row.hash(), RowTokens.of(task, encoder, row, names));
                }))
                .collect();
    }
}
