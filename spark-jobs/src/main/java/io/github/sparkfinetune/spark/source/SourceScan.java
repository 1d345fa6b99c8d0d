package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * What a first pass over a source finds: counts, which go to the driver, and the hashes that decide the split, which
 * stay on the executors (16 bytes a row, on disk where memory is short), so that the split needs no further pass.
 */
public final class SourceScan implements AutoCloseable {
    /** Hashes of a task that looks for equal ones: some 50 MB of objects. */
    private static final long HASHES_PER_TASK = 250_000;

    private final SourceFiles source;
    private final JavaRDD<StratumHashes> hashes;
    private final JavaRDD<Part> parts;
    private final ScanCounts counts;

    /** Hashes of the rows of one stratum in one partition, as two halves. */
    public record StratumHashes(String stratum, long[] first, long[] second) implements Serializable {
        /** As one hash each. */
        Stream<ContentHash> contents() {
            return IntStream.range(0, second.length).mapToObj(i -> new ContentHash(first[i], second[i]));
        }

        /** Those whose halves a condition holds for. */
        public StratumHashes where(Condition condition) {
            LongBuffers some = new LongBuffers();
            for (int i = 0; i < second.length; i++) {
                if (condition.holds(first[i], second[i])) {
                    some.add(first[i], second[i]);
                }
            }
            return some.toHashes(stratum);
        }
    }

    /** A condition on the two halves of a hash. */
    public interface Condition {
        boolean holds(long first, long second);
    }

    private record Part(ScanCounts counts, List<StratumHashes> hashes) implements Serializable {
        Part without(Set<ContentHash> documents, String reason) {
            ScanCounts left = new ScanCounts().plus(counts);
            List<StratumHashes> others = new ArrayList<>();
            for (StratumHashes some : hashes) {
                StratumHashes rest = some.where((first, second) -> !documents.contains(new ContentHash(first, second)));
                long gone = (long) some.second().length - rest.second().length;
                left.strata.computeIfPresent(some.stratum(), (stratum, rows) -> rows == gone ? null : rows - gone);
                if (gone > 0) {
                    left.rejected.merge(reason, gone, Long::sum);
                }
                others.add(rest);
            }
            return new Part(left, others);
        }
    }

    private SourceScan(SourceFiles source, JavaRDD<Part> parts, JavaRDD<StratumHashes> hashes, ScanCounts counts) {
        this.source = source;
        this.parts = parts;
        this.hashes = hashes;
        this.counts = counts;
    }

    /**
     * Counts the rows of a source, in a first pass.
     *
     * @param deduplicate whether equal contents count once; of different strata the first by name stays
     */
    public static <C> SourceScan of(SourceReader.Rows<C> rows, boolean deduplicate) {
        JavaRDD<Part> parts =
                rows.rdd().mapPartitions(partition -> List.of(scan(partition)).iterator());
        return of(rows.source().files(), parts, deduplicate);
    }

    private static SourceScan of(SourceFiles source, JavaRDD<Part> scanned, boolean deduplicate) {
        JavaRDD<Part> parts = scanned.persist(StorageLevel.MEMORY_AND_DISK_SER());
        // Not reduced: an empty table has no partition.
        ScanCounts counts =
                parts.map(Part::counts).treeAggregate(new ScanCounts(), ScanCounts::plus, ScanCounts::plus, 2);
        JavaRDD<StratumHashes> hashes = parts.flatMap(part -> part.hashes().iterator());
        if (deduplicate) {
            hashes = distinct(hashes, sum(counts.strata)).persist(StorageLevel.MEMORY_AND_DISK_SER());
            counts.strata.clear();
            counts.strata.putAll(strata(hashes));
        }
        counts.addEmptyFiles(source);
        return new SourceScan(source, parts, hashes, counts);
    }

    /**
     * The same without some documents. What it counts of texts that were cut, repaired and masked stays.
     *
     * @param documents a set for each partition of the source
     * @param reason why they are left out
     */
    public SourceScan without(JavaRDD<Set<ContentHash>> documents, String reason, boolean deduplicate) {
        JavaRDD<Part> rest = parts.zipPartitions(documents, (found, sets) -> {
            Set<ContentHash> some = sets.next();
            List<Part> without = new ArrayList<>();
            found.forEachRemaining(part -> without.add(part.without(some, reason)));
            return without.iterator();
        });
        return of(source, rest, deduplicate);
    }

    /** Hashes of the usable rows, in the partitions of the source. */
    public JavaRDD<ContentHash> contents() {
        return parts.flatMap(
                part -> part.hashes().stream().flatMap(StratumHashes::contents).iterator());
    }

    /** Rows of each stratum; one without rows is none. */
    public static Map<String, Long> strata(JavaRDD<StratumHashes> hashes) {
        return hashes.mapPartitions(parts -> {
                    TreeMap<String, Long> rows = new TreeMap<>();
                    parts.forEachRemaining(part -> {
                        if (part.second().length > 0) {
                            rows.merge(part.stratum(), (long) part.second().length, Long::sum);
                        }
                    });
                    return List.of(rows).iterator();
                })
                .treeReduce(
                        (a, b) -> {
                            b.forEach((stratum, rows) -> a.merge(stratum, rows, Long::sum));
                            return a;
                        },
                        2);
    }

    public static long sum(Map<String, Long> rows) {
        return rows.values().stream().mapToLong(Long::longValue).sum();
    }

    public ScanCounts counts() {
        return counts;
    }

    /** Rows that are samples: neither bad nor a duplicate. */
    public long usable() {
        return sum(counts.strata);
    }

    public JavaRDD<StratumHashes> hashes() {
        return hashes;
    }

    /** The value that decides a row's split, from its content's second hash. */
    public static long splitHash(long seed, long second) {
        return Seeds.derive(seed, Seeds.Purpose.SPLIT, second);
    }

    private static <C> Part scan(Iterator<CleanRow<C>> rows) {
        ScanCounts counts = new ScanCounts();
        Map<String, LongBuffers> byStratum = new HashMap<>();
        while (rows.hasNext()) {
            CleanRow<C> row = rows.next();
            counts.rows++;
            if (row.isRejected()) {
                counts.rejected.merge(row.badBecause(), 1L, Long::sum);
                continue;
            }
            if (row.badBecause() != null) {
                counts.bad.merge(row.badBecause(), 1L, Long::sum);
                counts.badFile.merge(row.badBecause(), row.file(), (a, b) -> a.compareTo(b) <= 0 ? a : b);
                continue;
            }
            counts.cut += row.cut() ? 1 : 0;
            counts.repaired += row.repaired() ? 1 : 0;
            counts.strata.merge(row.stratum(), 1L, Long::sum);
            if (row.corpus() != null) {
                row.corpus()
                        .masked()
                        .forEach((kind, count) ->
                                counts.masked.merge(kind.name().toLowerCase(Locale.ROOT), (long) count, Long::sum));
            }
            row.labels().forEach(label -> counts.labels.merge(label, 1L, Long::sum));
            counts.requireLabels();
            byStratum
                    .computeIfAbsent(row.stratum(), stratum -> new LongBuffers())
                    .add(row.hash().first(), row.hash().second());
        }
        return new Part(counts, hashes(byStratum));
    }

    private static List<StratumHashes> hashes(Map<String, LongBuffers> byStratum) {
        List<StratumHashes> hashes = new ArrayList<>();
        byStratum.forEach((stratum, buffers) -> hashes.add(buffers.toHashes(stratum)));
        return hashes;
    }

    /**
     * One of equal contents; of different strata the first by name stays.
     *
     * @param rows number of hashes: it decides the number of tasks on both sides of the shuffle, whose blocks are as
     *     many as the one by the other, not how many files there are
     */
    public static JavaRDD<StratumHashes> distinct(JavaRDD<StratumHashes> hashes, long rows) {
        int tasks = Math.toIntExact(1 + (rows - 1) / HASHES_PER_TASK);
        // Without a shuffle it makes no more partitions than there are.
        JavaPairRDD<ContentHash, String> strata = hashes.coalesce(tasks)
                .flatMapToPair(part -> part.contents()
                        .map(hash -> new Tuple2<>(hash, part.stratum()))
                        .iterator())
                .reduceByKey((a, b) -> a.compareTo(b) <= 0 ? a : b, tasks);
        return strata.mapPartitions(partition -> {
            Map<String, LongBuffers> byStratum = new HashMap<>();
            partition.forEachRemaining(row -> byStratum
                    .computeIfAbsent(row._2(), stratum -> new LongBuffers())
                    .add(row._1().first(), row._1().second()));
            return hashes(byStratum).iterator();
        });
    }

    @Override
    public void close() {
        hashes.unpersist(false);
        parts.unpersist(false);
    }

    private static final class LongBuffers {
        private long[] first = new long[64];
        private long[] second = new long[64];
        private int size;

        void add(long firstHalf, long secondHalf) {
            if (size == first.length) {
                first = Arrays.copyOf(first, 2 * size);
                second = Arrays.copyOf(second, 2 * size);
            }
            first[size] = firstHalf;
            second[size++] = secondHalf;
        }

        StratumHashes toHashes(String stratum) {
            return new StratumHashes(stratum, Arrays.copyOf(first, size), Arrays.copyOf(second, size));
        }
    }
}
