package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Seeds;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * What a first pass over a source finds: counts, which go to the driver, and the hashes that decide the split, which
 * stay on the executors (16 bytes a row, on disk where memory is short), so that the split needs no further pass.
 */
final class SourceScan implements AutoCloseable {
    private final JavaRDD<LabelHashes> hashes;
    private final JavaRDD<Part> parts;
    private final Counts counts;

    /** Counts over a partition or a whole source. */
    static final class Counts implements Serializable {
        private static final long serialVersionUID = 1L;

        long rows;
        long cut;
        long repaired;
        final TreeMap<String, Long> bad = new TreeMap<>();
        final TreeMap<String, String> badFile = new TreeMap<>();
        final TreeMap<String, Long> labels = new TreeMap<>();

        Counts plus(Counts other) {
            rows += other.rows;
            cut += other.cut;
            repaired += other.repaired;
            other.bad.forEach((reason, count) -> bad.merge(reason, count, Long::sum));
            // The smallest name, so that the message does not depend on which task was first.
            other.badFile.forEach((reason, file) -> badFile.merge(reason, file, (a, b) -> a.compareTo(b) <= 0 ? a : b));
            other.labels.forEach((label, count) -> labels.merge(label, count, Long::sum));
            return this;
        }

        /** Counts the files that hold a text each and are empty: Spark's reader passes over them. */
        void addEmptyFiles(SourceFiles source) {
            if (source.emptyTexts() > 0) {
                rows += source.emptyTexts();
                bad.merge(RowCleaner.EMPTY, source.emptyTexts(), Long::sum);
                badFile.putIfAbsent(RowCleaner.EMPTY, source.path());
            }
        }

        long badRows() {
            return bad.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /**
     * Hashes of the rows of one label in one partition: the second halves, and where rows are deduplicated the first.
     */
    record LabelHashes(String label, long[] first, long[] second) implements Serializable {}

    private record Part(Counts counts, List<LabelHashes> hashes) implements Serializable {}

    private record Content(long first, long second) implements Serializable {}

    private SourceScan(JavaRDD<Part> parts, JavaRDD<LabelHashes> hashes, Counts counts) {
        this.parts = parts;
        this.hashes = hashes;
        this.counts = counts;
    }

    /** @param deduplicate whether equal texts count once; of different labels the first by name stays */
    static <C> SourceScan of(SourceReader.Rows<C> rows, boolean deduplicate) {
        RowCleaner.Factory<C> cleaner = rows.cleaner();
        JavaRDD<Part> parts = rows.rdd()
                .mapPartitions(
                        partition -> List.of(scan(partition, cleaner.open())).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        Counts counts = parts.map(Part::counts).treeReduce(Counts::plus, 2);
        JavaRDD<LabelHashes> hashes = parts.flatMap(part -> part.hashes().iterator());
        if (deduplicate) {
            hashes = distinct(hashes).persist(StorageLevel.MEMORY_AND_DISK_SER());
            counts.labels.clear();
            counts.labels.putAll(new TreeMap<>(hashes.mapToPair(
                            part -> new Tuple2<>(part.label(), (long) part.second().length))
                    .reduceByKey(Long::sum)
                    .collectAsMap()));
        }
        return new SourceScan(parts, hashes, counts);
    }

    Counts counts() {
        return counts;
    }

    /** Rows that are samples: neither bad nor a duplicate. */
    long usable() {
        return counts.labels.values().stream().mapToLong(Long::longValue).sum();
    }

    JavaRDD<LabelHashes> hashes() {
        return hashes;
    }

    /** The value that decides a row's split, from its content's second hash. */
    static long splitHash(long seed, long second) {
        return Seeds.derive(seed, Seeds.Purpose.SPLIT, second);
    }

    private static <C> Part scan(Iterator<InternalRow> rows, RowCleaner<C> cleaner) {
        Counts counts = new Counts();
        Map<String, LongBuffers> byLabel = new HashMap<>();
        while (rows.hasNext()) {
            CleanRow<C> row = cleaner.clean(rows.next());
            counts.rows++;
            if (row.badBecause() != null) {
                counts.bad.merge(row.badBecause(), 1L, Long::sum);
                counts.badFile.merge(row.badBecause(), row.file(), (a, b) -> a.compareTo(b) <= 0 ? a : b);
                continue;
            }
            counts.cut += row.cut() ? 1 : 0;
            counts.repaired += row.repaired() ? 1 : 0;
            counts.labels.merge(row.label(), 1L, Long::sum);
            byLabel.computeIfAbsent(row.label(), label -> new LongBuffers()).add(row.first(), row.second());
        }
        List<LabelHashes> hashes = new ArrayList<>();
        byLabel.forEach((label, buffers) -> hashes.add(buffers.toHashes(label)));
        return new Part(counts, hashes);
    }

    private static JavaRDD<LabelHashes> distinct(JavaRDD<LabelHashes> hashes) {
        JavaPairRDD<Content, String> labels = hashes.flatMapToPair(part -> {
                    List<Tuple2<Content, String>> contents = new ArrayList<>();
                    for (int i = 0; i < part.second().length; i++) {
                        contents.add(new Tuple2<>(new Content(part.first()[i], part.second()[i]), part.label()));
                    }
                    return contents.iterator();
                })
                .reduceByKey((a, b) -> a.compareTo(b) <= 0 ? a : b);
        return labels.mapPartitions(partition -> {
            Map<String, LongBuffers> byLabel = new HashMap<>();
            partition.forEachRemaining(row -> byLabel.computeIfAbsent(row._2(), label -> new LongBuffers())
                    .add(row._1().first(), row._1().second()));
            List<LabelHashes> distinct = new ArrayList<>();
            byLabel.forEach((label, buffers) -> distinct.add(buffers.toHashes(label)));
            return distinct.iterator();
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

        void add(long a, long b) {
            if (size == first.length) {
                first = java.util.Arrays.copyOf(first, 2 * size);
                second = java.util.Arrays.copyOf(second, 2 * size);
            }
            first[size] = a;
            second[size++] = b;
        }

        LabelHashes toHashes(String label) {
            return new LabelHashes(label, java.util.Arrays.copyOf(first, size), java.util.Arrays.copyOf(second, size));
        }
    }
}
