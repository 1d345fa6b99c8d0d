package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.source.SourceListing;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Files that the generations of a dataset have read. The driver holds a path, a length and a time for each file.
 *
 * @param files files that the sources had at the last generation, by source and path
 * @param removed numbers of the other files, by generation
 */
record KnownFiles(Map<Id, Known> files, Map<Integer, BitSet> removed) {
    /** File of a source. */
    record Id(int source, String path) {}

    /**
     * File with its number.
     *
     * @param generation generation that read the file
     * @param number number of the file among the files of its generation
     */
    record Known(int source, ListedFile file, int generation, int number) {}

    /** Returns the files of a dataset without a generation. */
    static KnownFiles none() {
        return new KnownFiles(Map.of(), Map.of());
    }

    /** Reads the lists of all generations. */
    static KnownFiles read(SparkSession spark, Path dataset, Manifest manifest) {
        Map<Id, Known> files = new LinkedHashMap<>();
        Map<Integer, BitSet> removed = new TreeMap<>();
        for (Generation generation : manifest.generations()) {
            List<Row> rows = spark.read()
                    .parquet(IndexFiles.paths(dataset, generation, IndexSchema.FILES))
                    .collectAsList();
            // A file that was written again is removed and read.
            rows.stream().filter(KnownFiles::isRemoved).map(KnownFiles::known).forEach(file -> {
                files.remove(new Id(file.source(), file.file().path()));
                removed.computeIfAbsent(file.generation(), any -> new BitSet()).set(file.number());
            });
            rows.stream()
                    .filter(row -> !isRemoved(row))
                    .map(KnownFiles::known)
                    .forEach(file -> files.put(new Id(file.source(), file.file().path()), file));
        }
        return new KnownFiles(files, removed);
    }

    private static boolean isRemoved(Row row) {
        return row.<Boolean>getAs(IndexSchema.REMOVED);
    }

    private static Known known(Row row) {
        return new Known(
                row.getAs(IndexSchema.SOURCE),
                new ListedFile(row.getAs(IndexSchema.PATH), row.getAs(IndexSchema.BYTES), row.getAs(IndexSchema.TIME)),
                row.getAs(IndexSchema.GENERATION),
                row.getAs(IndexSchema.NUMBER));
    }

    /**
     * Differences between these files and the files of the sources.
     *
     * @param added new files of each source; a file with another length or time is removed and added
     * @param removed files that a source does not have any more
     */
    record Changes(List<List<ListedFile>> added, List<Known> removed) {
        boolean isEmpty() {
            return removed.isEmpty() && added.stream().allMatch(List::isEmpty);
        }
    }

    /** Compares with the files of the sources. */
    Changes changes(List<SourceListing> sources) {
        Map<Id, Known> gone = new LinkedHashMap<>(files);
        List<List<ListedFile>> added = new ArrayList<>();
        for (int source = 0; source < sources.size(); source++) {
            List<ListedFile> some = new ArrayList<>();
            for (ListedFile file : sources.get(source).files()) {
                Id id = new Id(source, file.path());
                Known before = files.get(id);
                if (before != null && before.file().equals(file)) {
                    gone.remove(id);
                } else {
                    some.add(file);
                }
            }
            added.add(some);
        }
        List<Known> removedNow = gone.values().stream()
                .sorted(Comparator.comparingInt(Known::generation).thenComparingInt(Known::number))
                .toList();
        return new Changes(added, removedNow);
    }
}
