package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceListing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;

/**
 * Next generation of a dataset that grows: the difference between the files of its sources and the files that earlier
 * generations have read.
 */
public final class Increment {
    private final SparkSession spark;
    private final Path dataset;
    /** Null before the first generation. */
    private final Manifest earlier;

    private final List<SourceListing> sources;
    private final KnownFiles known;
    private final KnownFiles.Changes changes;

    private Increment(
            SparkSession spark, Path dataset, Manifest earlier, List<SourceListing> sources, KnownFiles known) {
        this.spark = spark;
        this.dataset = dataset;
        this.earlier = earlier;
        this.sources = sources;
        this.known = known;
        this.changes = known.changes(sources);
    }

    /**
     * Compares the sources with a dataset.
     *
     * @param earlier manifest of the dataset; empty before the first generation
     * @param sources all sources of the run
     */
    public static Increment of(
            SparkSession spark, Path dataset, Optional<Manifest> earlier, List<SourceListing> sources) {
        KnownFiles known = earlier.map(manifest -> KnownFiles.read(spark, dataset, manifest))
                .orElseGet(KnownFiles::none);
        return new Increment(spark, dataset, earlier.orElse(null), sources, known);
    }

    /** Returns the manifest of the earlier generations; empty before the first generation. */
    public Optional<Manifest> earlier() {
        return Optional.ofNullable(earlier);
    }

    /** Returns the number of this generation, from 1. */
    public int number() {
        return earlier == null ? 1 : earlier.generations().size() + 1;
    }

    /** Returns whether no file is new, changed or removed. */
    public boolean isEmpty() {
        return changes.isEmpty();
    }

    /** Returns whether a file of an earlier generation is removed or changed. */
    public boolean isRemoving() {
        return !changes.removed().isEmpty();
    }

    /**
     * Refuses differences that a dataset cannot follow: other columns of a table, other held-out files with
     * decontamination, removed files with wrapped packing.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if there is such a difference
     */
    public void require(DataConfig data) {
        new IncrementChecks(dataset, earlier, sources, changes).require(data);
    }

    /** Returns the held-out sources with all their files. */
    public List<SourceFiles> heldOut() {
        return sources.stream()
                .map(SourceListing::source)
                .filter(source -> !source.split().equals(Manifest.TRAIN))
                .toList();
    }

    /** Returns the sources with new files, each with its new files only. */
    public List<SourceFiles> read(boolean multiline) {
        List<SourceFiles> read = new ArrayList<>();
        for (int source = 0; source < sources.size(); source++) {
            List<ListedFile> added = changes.added().get(source);
            if (added.stream().anyMatch(file -> file.bytes() > 0)) {
                read.add(sources.get(source).only(added, multiline));
            }
        }
        return read;
    }

    /** Returns the split of each source of the run. */
    public List<String> splits() {
        return sources.stream().map(listing -> listing.source().split()).toList();
    }

    /** Returns the splits that rows of a source of a split may be in, as bits. */
    public int within(String split) {
        return Occurrence.within(Occurrence.names(splits()), splits(), split);
    }

    /**
     * Returns the numbers of the new files of a source.
     *
     * @param key configuration key of the source
     */
    public FileNumbers numbers(String key) {
        int first = 0;
        for (int source = 0; source < sources.size(); source++) {
            List<ListedFile> added = changes.added().get(source);
            if (sources.get(source).source().key().equals(key)) {
                return new FileNumbers(added, first);
            }
            first += added.size();
        }
        throw new IllegalArgumentException("no source " + key);
    }

    /**
     * Returns the documents of each partition that the dataset has, with the splits that have them, one bit each. An
     * erased document counts for every split.
     *
     * @param contents hashes of documents
     */
    public JavaRDD<Map<ContentHash, Integer>> known(JavaRDD<ContentHash> contents) {
        // A row of a file that is removed now still has its samples. They stay if a new file has the row.
        return index(earlier, known.removed())
                .known(
                        contents,
                        earlier.erased().stream().map(ContentHash::ofHex).collect(Collectors.toSet()));
    }

    private GenerationIndex index(Manifest manifest, Map<Integer, BitSet> removed) {
        return new GenerationIndex(
                spark,
                IndexFiles.ofAll(dataset, manifest, IndexSchema.ROWS),
                removed,
                manifest.options().seed());
    }

    /** Returns the files of one kind in the index of the earlier generations. */
    String[] files(String kind) {
        return earlier == null ? new String[0] : IndexFiles.ofAll(dataset, earlier, kind);
    }

    /** Returns the numbers of all files that the sources do not have any more, by generation. */
    Map<Integer, BitSet> removed() {
        Map<Integer, BitSet> removed = removedNow();
        known.removed()
                .forEach((generation, files) ->
                        removed.computeIfAbsent(generation, any -> new BitSet()).or(files));
        return removed;
    }

    private Map<Integer, BitSet> removedNow() {
        Map<Integer, BitSet> removed = new TreeMap<>();
        changes.removed()
                .forEach(file -> removed.computeIfAbsent(file.generation(), any -> new BitSet())
                        .set(file.number()));
        return removed;
    }

    /**
     * Finds the documents of removed files that no file of the sources has any more.
     *
     * @param whole manifest with the files of this generation
     * @param use receives the documents, which are read as often as it computes them
     */
    public <T> T gone(Manifest whole, Function<JavaRDD<GoneDocument>, T> use) {
        return index(whole, removed()).gone(removedNow(), use);
    }

    /**
     * Writes the list of this generation's files.
     *
     * @param run name of the run in the names of its files
     * @return length of the file by its name
     */
    public Map<String, Long> writeFiles(String run, Configuration hadoop) throws IOException {
        String name = ShardNames.of(IndexSchema.FILES, 0, number(), run, 0);
        return IndexFiles.writeList(dataset, name, number(), changes, hadoop);
    }

    /** Returns the manifest of the earlier generations with the versions that the sources have now. */
    public Manifest unchanged() {
        return earlier.withSources(sourcesNow());
    }

    private List<Manifest.Source> sourcesNow() {
        return sources.stream().map(listing -> listing.source().toManifest()).toList();
    }

    /**
     * Returns the manifest of all generations.
     *
     * @param own manifest of this generation's rows; empty if no file is new
     * @param index bytes of the files of the index, by path in the dataset's folder
     */
    public Manifest whole(Optional<Manifest> own, Map<String, Long> index) {
        Map<String, Long> samples = new TreeMap<>();
        own.ifPresent(manifest -> manifest.splits().forEach((name, split) -> samples.put(name, split.rows())));
        Generation generation = new Generation(
                own.map(manifest -> manifest.options().shards()).orElse(0),
                files(changes.added().stream().flatMap(List::stream).toList()),
                files(changes.removed().stream().map(KnownFiles.Known::file).toList()),
                samples,
                0,
                IncrementChecks.columns(sources),
                index);
        Manifest both = earlier == null
                ? own.orElseThrow()
                : own.map(manifest -> Generations.sum(earlier, manifest)).orElse(earlier);
        List<Generation> generations = Stream.concat(
                        earlier == null ? Stream.of() : earlier.generations().stream(), Stream.of(generation))
                .toList();
        return both.withSources(sourcesNow()).withGenerations(generations);
    }

    private static Generation.Files files(List<ListedFile> files) {
        return new Generation.Files(
                files.size(), files.stream().mapToLong(ListedFile::bytes).sum());
    }
}
