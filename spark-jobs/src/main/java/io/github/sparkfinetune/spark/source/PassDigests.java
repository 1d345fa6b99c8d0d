package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.CleanRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.util.AccumulatorV2;

/**
 * Detects sources whose rows change between two reads. The counts of one pass decide what the next pass does with a
 * row, so both passes must see the same rows. Each pass that reads a partition to its end computes a digest of the
 * number and contents of its rows, in any order. Two different digests of one partition end the preparation.
 */
public final class PassDigests {
    private final SparkContext context;
    private final List<Watched> sources = new ArrayList<>();

    public PassDigests(SparkContext context) {
        this.context = context;
    }

    private record Watched(SourceReader.Rows<?> rows, Digests digests) {}

    /** Returns the same rows, with digests of each pass. */
    public <C> SourceReader.Rows<C> watch(SourceReader.Rows<C> rows) {
        Digests digests = new Digests();
        context.register(digests);
        sources.add(new Watched(rows, digests));
        return rows.with(rows.rdd()
                .mapPartitionsWithIndex((index, partition) -> new DigestIterator<>(index, partition, digests), true));
    }

    /**
     * Refuses a source whose rows have changed between two passes.
     *
     * @throws RunException with exit code 4 if a source has changed
     */
    public void requireSame() {
        for (Watched source : sources) {
            if (source.digests.differs) {
                throw RunException.failed(
                        source.rows.source().key() + ": " + source.rows.source().path()
                                + " had other rows when it was read again: check that nothing writes to it and that a"
                                + " view or DataFrame has the same rows each time (cache it), or use a table of Delta,"
                                + " Iceberg or Hudi, which is read in one version; then start it again",
                        null);
            }
        }
    }

    /** Digests by partition. A repeated task adds the digest that exists already. */
    private static final class Digests extends AccumulatorV2<Digests.Of, Map<Integer, Long>> {
        private static final long serialVersionUID = 1L;

        private final Map<Integer, Long> found = new HashMap<>();
        private boolean differs;

        private record Of(int partition, long digest) {}

        @Override
        public boolean isZero() {
            return found.isEmpty() && !differs;
        }

        @Override
        public Digests copy() {
            Digests copy = new Digests();
            copy.merge(this);
            return copy;
        }

        @Override
        public void reset() {
            found.clear();
            differs = false;
        }

        @Override
        public void add(Of one) {
            Long before = found.putIfAbsent(one.partition, one.digest);
            differs |= before != null && before != one.digest;
        }

        @Override
        public void merge(AccumulatorV2<Of, Map<Integer, Long>> other) {
            Digests others = (Digests) other;
            differs |= others.differs;
            others.found.forEach((partition, digest) -> add(new Of(partition, digest)));
        }

        @Override
        public Map<Integer, Long> value() {
            return Map.copyOf(found);
        }
    }

    private static final class DigestIterator<C> implements Iterator<CleanRow<C>> {
        private final int partition;
        private final Iterator<CleanRow<C>> rows;
        private final Digests digests;
        private long digest;
        private boolean isAdded;

        DigestIterator(int partition, Iterator<CleanRow<C>> rows, Digests digests) {
            this.partition = partition;
            this.rows = rows;
            this.digests = digests;
        }

        @Override
        public boolean hasNext() {
            boolean more = rows.hasNext();
            if (!more && !isAdded) {
                isAdded = true;
                digests.add(new Digests.Of(partition, digest));
            }
            return more;
        }

        @Override
        public CleanRow<C> next() {
            CleanRow<C> row = rows.next();
            // A sum, since rows of one partition may come in another order after a shuffle.
            digest += row.hash() == null
                    ? String.valueOf(row.badBecause()).hashCode() | 1
                    : (Long.rotateLeft(row.hash().first(), 32) ^ row.hash().second()) | 1;
            return row;
        }
    }
}
