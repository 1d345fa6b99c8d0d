package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RowCounts;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Result of a first pass over a source. The counts go to the driver. The hashes that decide the split stay on the
 * executors, so the split needs no further pass. A row takes 16 bytes, or 32 with a group or time; hashes go to disk
 * where memory is short.
 */
public final class SourceScan implements AutoCloseable {
    /** Hashes of a task that finds duplicates: about 50 MB of objects. */
    private static final long HASHES_PER_TASK = 250_000;
    /**
     * Most tasks that find duplicates. With more rows a task has more hashes, which go to disk where memory is short.
     */
    private static final long MOST_TASKS = 100_000;

    private final SourceFiles source;
    private final JavaRDD<StratumHashes> hashes;
    private final JavaRDD<Part> parts;
    private final RowCounts counts;

    private record Part(RowCounts counts, List<StratumHashes> hashes) implements Serializable {
        /** @param reason reason that the removed rows count for, or null if they count as duplicates */
        Part without(Set<ContentHash> documents, String reason) {
            RowCounts left = new RowCounts().plus(counts);
            List<StratumHashes> others = new ArrayList<>();
            for (StratumHashes stratumHashes : hashes) {
                StratumHashes rest =
                        stratumHashes.where((first, second) -> !documents.contains(new ContentHash(first, second)));
                long removed = (long) stratumHashes.size() - rest.size();
                left.strata.computeIfPresent(
                        stratumHashes.stratum(), (stratum, rows) -> rows == removed ? null : rows - removed);
                if (removed > 0 && reason != null) {
                    left.rejected.merge(reason, removed, Long::sum);
                }
                others.add(rest);
            }
            return new Part(left, others);
        }
    }

    private SourceScan(SourceFiles source, JavaRDD<Part> parts, JavaRDD<StratumHashes> hashes, RowCounts counts) {
        this.source = source;
        this.parts = parts;
        this.hashes = hashes;
        this.counts = counts;
    }

    /**
     * Counts the rows of a source in a first pass.
     *
     * @param deduplicate whether equal contents count once; of several strata the first by name keeps the row
     */
    public static <C> SourceScan of(SourceReader.Rows<C> rows, boolean deduplicate) {
        JavaRDD<Part> parts =
                rows.rdd().mapPartitions(partition -> List.of(scan(partition)).iterator());
        return of(rows.source().files(), parts, deduplicate);
    }

    private static SourceScan of(SourceFiles source, JavaRDD<Part> scanned, boolean deduplicate) {
        JavaRDD<Part> parts = scanned.persist(StorageLevel.MEMORY_AND_DISK_SER());
        // An empty table has no partition, so this is no reduce.
        // Counts hold the rows of each label, so the last sum is also computed on an executor.
        RowCounts counts =
                parts.map(Part::counts).treeAggregate(new RowCounts(), RowCounts::plus, RowCounts::plus, 2, true);
        JavaRDD<StratumHashes> hashes = parts.flatMap(part -> part.hashes().iterator());
        if (deduplicate) {
            hashes = distinct(hashes, sum(counts.strata)).persist(StorageLevel.MEMORY_AND_DISK_SER());
            counts.strata.clear();
            counts.strata.putAll(strata(hashes));
        }
        counts.addEmptyFiles(source.listing().emptyTexts(), source.path());
        return new SourceScan(source, parts, hashes, counts);
    }

    /**
     * Returns this scan without some documents. The counts of cut, repaired and masked texts stay.
     *
     * @param documents set of removed documents for each partition of the source
     * @param reason reason for which the documents are left out
     */
    public SourceScan without(JavaRDD<Set<ContentHash>> documents, String reason, boolean deduplicate) {
        JavaRDD<Part> rest = parts.zipPartitions(documents, (found, sets) -> {
            Set<ContentHash> removed = sets.next();
            List<Part> without = new ArrayList<>();
            found.forEachRemaining(part -> without.add(part.without(removed, reason)));
            return without.iterator();
        });
        return of(source, rest, deduplicate);
    }

    /** Returns this scan without documents that an earlier generation has; they count as duplicates. */
    public SourceScan withoutKnown(JavaRDD<Set<ContentHash>> documents) {
        return without(documents, null, true);
    }

    /** Returns the hashes of the usable rows, in the partitions of the source. */
    public JavaRDD<ContentHash> contents() {
        return parts.flatMap(
                part -> part.hashes().stream().flatMap(StratumHashes::contents).iterator());
    }

    /** Returns the number of rows of each stratum; strata without rows are left out. */
    public static Map<String, Long> strata(JavaRDD<StratumHashes> hashes) {
        return hashes.treeAggregate(
                new TreeMap<>(),
                (rows, part) -> {
                    if (part.size() > 0) {
                        rows.merge(part.stratum(), (long) part.size(), Long::sum);
                    }
                    return rows;
                },
                (rows, others) -> {
                    others.forEach((stratum, count) -> rows.merge(stratum, count, Long::sum));
                    return rows;
                },
                2,
                true);
    }

    public static long sum(Map<String, Long> rows) {
        return rows.values().stream().mapToLong(Long::longValue).sum();
    }

    public RowCounts counts() {
        return counts;
    }

    /** Returns the number of usable rows: neither bad nor duplicate. */
    public long usable() {
        return sum(counts.strata);
    }

    public JavaRDD<StratumHashes> hashes() {
        return hashes;
    }

    private static <C> Part scan(Iterator<CleanRow<C>> rows) {
        RowCounts counts = new RowCounts();
        Map<String, StratumHashes.Builder> byStratum = new HashMap<>();
        while (rows.hasNext()) {
            CleanRow<C> row = rows.next();
            counts.add(row);
            if (row.badBecause() == null) {
                byStratum
                        .computeIfAbsent(row.stratum(), StratumHashes.Builder::new)
                        .add(row.hash(), row.splitKey());
            }
        }
        return new Part(counts, hashes(byStratum));
    }

    private static List<StratumHashes> hashes(Map<String, StratumHashes.Builder> byStratum) {
        List<StratumHashes> hashes = new ArrayList<>();
        byStratum.forEach((stratum, rows) -> hashes.add(rows.build()));
        return hashes;
    }

    /**
     * Returns one hash of each content. Of several strata the first by name keeps the hash. Within a stratum the hash
     * with the smallest place stays, which is the oldest row if rows have a time.
     *
     * @param rows number of hashes. It decides the number of tasks on both sides of the shuffle, instead of the number
     *     of files.
     */
    public static JavaRDD<StratumHashes> distinct(JavaRDD<StratumHashes> hashes, long rows) {
        int tasks = tasks(rows);
        // Without a shuffle, coalesce never adds partitions.
        JavaPairRDD<ContentHash, Origin> found = hashes.coalesce(tasks)
                .flatMapToPair(part -> IntStream.range(0, part.size())
                        .mapToObj(row -> new Tuple2<>(part.content(row), Origin.of(part, row)))
                        .iterator());
        JavaPairRDD<ContentHash, Origin> origins =
                Shuffles.reduced(found, tasks, (a, b) -> a.compareTo(b) <= 0 ? a : b);
        return origins.mapPartitions(partition -> {
            Map<String, StratumHashes.Builder> byStratum = new HashMap<>();
            partition.forEachRemaining(row -> byStratum
                    .computeIfAbsent(row._2().stratum(), StratumHashes.Builder::new)
                    .add(row._1(), row._2().keyed(), row._2().place(), row._2().group()));
            return hashes(byStratum).iterator();
        });
    }

    /** Returns the number of tasks of a shuffle of this many hashes. */
    public static int tasks(long rows) {
        return (int) Math.min(MOST_TASKS, 1 + (rows - 1) / HASHES_PER_TASK);
    }

    /** Order of rows with the same content. */
    private record Origin(String stratum, boolean keyed, long place, long group)
            implements Comparable<Origin>, Serializable {
        static Origin of(StratumHashes part, int row) {
            return part.isKeyed()
                    ? new Origin(part.stratum(), true, part.places()[row], part.groups()[row])
                    : new Origin(part.stratum(), false, 0, 0);
        }

        @Override
        public int compareTo(Origin other) {
            int byName = stratum.compareTo(other.stratum);
            return byName != 0 ? byName : Long.compareUnsigned(place, other.place);
        }
    }

    @Override
    public void close() {
        hashes.unpersist(false);
        parts.unpersist(false);
    }
}
