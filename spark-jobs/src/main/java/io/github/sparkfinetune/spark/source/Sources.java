package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.files.RawTexts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/** Sources of a run: training sources, then held-out sources. */
public final class Sources {
    private static final long MB = 1 << 20;
    private static final long SHARD_BYTES = 256 * MB;
    private static final int MIN_SHARDS = 8;
    private static final int MAX_SHARDS = 100_000;
    /** Text that one core reads in about a minute. */
    private static final long SLOW_BYTES = 2048 * MB;

    private Sources() {}

    /** Source in the configuration, see {@link SourceFiles}. */
    private record Source(String key, String split, String path) {}

    private static List<Source> configured(DataConfig data) {
        List<Source> sources = new ArrayList<>();
        sources.add(new Source("data.train", Manifest.TRAIN, data.train()));
        List<CorpusConfig.Source> mixed = data.corpus().sources();
        for (int i = 0; i < mixed.size(); i++) {
            sources.add(new Source(
                    "data.corpus.sources[" + i + "]",
                    Manifest.TRAIN,
                    mixed.get(i).path()));
        }
        sources.add(new Source("data.eval", Manifest.EVAL, data.eval()));
        sources.add(new Source("data.test", Manifest.TEST, data.test()));
        data.heldOutPaths().forEach((name, path) -> sources.add(new Source("data.held_out." + name, name, path)));
        sources.removeIf(source -> source.path() == null);
        return sources;
    }

    /** Returns the paths and tables of a run's sources by their configuration key, in the order of the keys. */
    public static Map<String, String> paths(DataConfig data) {
        Map<String, String> paths = new LinkedHashMap<>();
        configured(data).forEach(source -> paths.put(source.key(), source.path()));
        return paths;
    }

    /** Finds the sources of a run. */
    public static List<SourceFiles> of(SparkSession spark, DataConfig data) {
        return configured(data).stream()
                .map(source -> of(spark, data, source.key(), source.split(), source.path()))
                .toList();
    }

    /** Finds the sources of a run with each of their files. The files of tables are not listed. */
    public static List<SourceListing> listed(SparkSession spark, DataConfig data) {
        return configured(data).stream()
                .map(source -> DataConfig.isTable(source.path())
                        ? new SourceListing(
                                SourceTable.find(spark, source.key(), source.split(), source.path()), List.of(), "")
                        : SourceListing.of(
                                source.key(),
                                source.split(),
                                source.path(),
                                data,
                                spark.sparkContext().hadoopConfiguration()))
                .toList();
    }

    /** Finds a source that may be outside the configuration. */
    public static SourceFiles of(SparkSession spark, DataConfig data, String key, String split, String path) {
        return DataConfig.isTable(path)
                ? SourceTable.find(spark, key, split, path)
                : SourceFiles.list(key, split, path, data, spark.sparkContext().hadoopConfiguration());
    }

    /** Returns the default number of shards of a dataset. */
    public static int shards(List<SourceFiles> sources) {
        return (int) Math.max(MIN_SHARDS, Math.min(MAX_SHARDS, trainBytes(sources) / SHARD_BYTES));
    }

    /**
     * Returns the number of shards of rows that are added to a dataset.
     *
     * @param most number of shards of the dataset's first rows
     */
    public static int shards(List<SourceFiles> added, int most) {
        return (int) Math.max(1, Math.min(most, trainBytes(added) / SHARD_BYTES));
    }

    /** Lists the sources of a run that are files. */
    public static List<SourceFiles> files(DataConfig data, Configuration hadoop) {
        return configured(data).stream()
                .filter(source -> !DataConfig.isTable(source.path()))
                .map(source -> SourceFiles.list(source.key(), source.split(), source.path(), data, hadoop))
                .toList();
    }

    /** Returns the approximate length of the text to train on. */
    public static long trainBytes(List<SourceFiles> sources) {
        return sources.stream()
                .filter(source -> source.split().equals(Manifest.TRAIN))
                .mapToLong(source -> source.size().textBytes())
                .sum();
    }

    /** Returns one line per source of which one core must read a large file. */
    public static List<String> slow(List<SourceFiles> files) {
        return files.stream()
                .map(source -> source.size()
                        .whole()
                        .filter(whole -> whole.textBytes() > SLOW_BYTES)
                        .map(whole -> slow(source.key(), whole)))
                .flatMap(Optional::stream)
                .toList();
    }

    private static String slow(String key, SourceFiles.Whole whole) {
        return String.format(
                Locale.ROOT,
                "%s: %s (%,d MB) is read by one core from its beginning to its end: cut it into smaller files%s",
                key,
                whole.file(),
                whole.bytes() / MB,
                RawTexts.isCompressed(whole.file())
                        ? ", or decompress it"
                        : ", or set data.multiline: false if no text holds line ends");
    }
}
