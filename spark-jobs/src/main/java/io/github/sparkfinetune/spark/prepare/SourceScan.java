package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
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
final class SourceScan implements AutoCloseable {
    private final SourceFiles source;
    private final JavaRDD<StratumHashes> hashes;
    private final JavaRDD<Part> parts;
    private final Counts counts;

    /** Counts over a partition or a whole source. */
    static final class Counts implements Serializable {
        private static final long serialVersionUID = 1L;

        long rows;
        long cut;
        long repaired;
        final TreeMap<String, Long> bad = new TreeMap<>();
        /** Rows left out on purpose, which are not bad. */
        final TreeMap<String, Long> rejected = new TreeMap<>();
        /** Placeholders in usable rows, by what they stand for. */
        final TreeMap<String, Long> masked = new TreeMap<>();

        final TreeMap<String, String> badFile = new TreeMap<>();
        /** Rows that are samples, of each stratum. */
        final TreeMap<String, Long> strata = new TreeMap<>();
        /** Usable rows with each label in their content. */
        final TreeMap<String, Long> labels = new TreeMap<>();

        Counts plus(Counts other) {
            rows += other.rows;
            cut += other.cut;
            repaired += other.repaired;
            other.bad.forEach((reason, count) -> bad.merge(reason, count, Long::sum));
            other.rejected.forEach((reason, count) -> rejected.merge(reason, count, Long::sum));
            other.masked.forEach((kind, count) -> masked.merge(kind, count, Long::sum));
            // The smallest name, so that the message does not depend on which task was first.
            other.badFile.forEach((reason, file) -> badFile.merge(reason, file, (a, b) -> a.compareTo(b) <= 0 ? a : b));
            other.strata.forEach((stratum, count) -> strata.merge(stratum, count, Long::sum));
            other.labels.forEach((label, count) -> labels.merge(label, count, Long::sum));
            return this;
        }

        /** Counts the files that hold a text each and are empty: Spark's reader passes over them. */
        void addEmptyFiles(SourceFiles source) {
            if (source.emptyTexts() > 0) {
                rows += source.emptyTexts();
                bad.merge(UnusableRowException.EMPTY, source.emptyTexts(), Long::sum);
                badFile.putIfAbsent(UnusableRowException.EMPTY, source.path());
            }
        }

        long badRows() {
            return bad.values().stream().mapToLong(Long::longValue).sum();
        }

        long rejectedRows() {
            return rejected.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /** Hashes of the rows of one stratum in one partition, as two halves. */
    record StratumHashes(String stratum, long[] first, long[] second) implements Serializable {
        /** As one hash each. */
        Stream<ContentHash> contents() {
            return IntStream.range(0, second.length).mapToObj(i -> new ContentHash(first[i], second[i]));
        }

        /** Those whose halves a condition holds for. */
        StratumHashes where(Condition condition) {
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
    interface Condition {
        boolean holds(long first, long second);
    }

    private record Part(Counts counts, List<StratumHashes> hashes) implements Serializable {
        Part without(Set<ContentHash> documents, String reason) {
            Counts left = new Counts().plus(counts);
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

    private SourceScan(SourceFiles source, JavaRDD<Part> parts, JavaRDD<StratumHashes> hashes, Counts counts) {
        this.source = source;
        this.parts = parts;
        this.hashes = hashes;
        this.counts = counts;
    }

    /** @param deduplicate whether equal contents count once; of different strata the first by name stays */
    static <C> SourceScan of(SourceReader.Rows<C> rows, boolean deduplicate) {
        JavaRDD<Part> parts =
                rows.rdd().mapPartitions(partition -> List.of(scan(partition)).iterator());
        return of(rows.source().files(), parts, deduplicate);
    }

    private static SourceScan of(SourceFiles source, JavaRDD<Part> scanned, boolean deduplicate) {
        JavaRDD<Part> parts = scanned.persist(StorageLevel.MEMORY_AND_DISK_SER());
        Counts counts = parts.map(Part::counts).treeReduce(Counts::plus, 2);
        JavaRDD<StratumHashes> hashes = parts.flatMap(part -> part.hashes().iterator());
        if (deduplicate) {
            hashes = distinct(hashes).persist(StorageLevel.MEMORY_AND_DISK_SER());
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
    SourceScan without(JavaRDD<Set<ContentHash>> documents, String reason, boolean deduplicate) {
        JavaRDD<Part> rest = parts.zipPartitions(documents, (found, sets) -> {
            Set<ContentHash> some = sets.next();
            List<Part> without = new ArrayList<>();
            found.forEachRemaining(part -> without.add(part.without(some, reason)));
            return without.iterator();
        });
        return of(source, rest, deduplicate);
    }

    /** Hashes of the usable rows, in the partitions of the source. */
    JavaRDD<ContentHash> contents() {
        return parts.flatMap(
                part -> part.hashes().stream().flatMap(StratumHashes::contents).iterator());
    }

    /** Rows of each stratum; one without rows is none. */
    static Map<String, Long> strata(JavaRDD<StratumHashes> hashes) {
        return new TreeMap<>(hashes.filter(part -> part.second().length > 0)
                .mapToPair(part -> new Tuple2<>(part.stratum(), (long) part.second().length))
                .reduceByKey(Long::sum)
                .collectAsMap());
    }

    Counts counts() {
        return counts;
    }

    /** Rows that are samples: neither bad nor a duplicate. */
    long usable() {
        return counts.strata.values().stream().mapToLong(Long::longValue).sum();
    }

    JavaRDD<StratumHashes> hashes() {
        return hashes;
    }

    /** The value that decides a row's split, from its content's second hash. */
    static long splitHash(long seed, long second) {
        return Seeds.derive(seed, Seeds.Purpose.SPLIT, second);
    }

    private static <C> Part scan(Iterator<CleanRow<C>> rows) {
        Counts counts = new Counts();
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

    /** One of equal contents; of different strata the first by name stays. */
    static JavaRDD<StratumHashes> distinct(JavaRDD<StratumHashes> hashes) {
        JavaPairRDD<ContentHash, String> strata = hashes.flatMapToPair(part -> part.contents()
                        .map(hash -> new Tuple2<>(hash, part.stratum()))
                        .iterator())
                .reduceByKey((a, b) -> a.compareTo(b) <= 0 ? a : b);
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
