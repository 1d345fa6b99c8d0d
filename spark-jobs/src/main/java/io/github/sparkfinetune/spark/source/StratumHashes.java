package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.SplitKey;
import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Hashes of the rows of one stratum in one partition, with the rows' split keys.
 *
 * @param first first halves of the content hashes
 * @param second second halves
 * @param places {@link SplitKey#place}; empty where rows have no split key
 * @param groups {@link SplitKey#group}; empty where rows have no split key
 */
public record StratumHashes(String stratum, long[] first, long[] second, long[] places, long[] groups)
        implements Serializable {

    /** Returns the number of rows. */
    public int size() {
        return second.length;
    }

    /** Returns whether rows have a split key. */
    public boolean isKeyed() {
        return places.length > 0;
    }

    /**
     * Returns the place of a row: an unsigned number, by whose order rows are held out.
     *
     * @param seed seed of the dataset
     */
    public long place(long seed, int row) {
        return isKeyed() ? places[row] : RowKey.splitHash(seed, second[row]);
    }

    ContentHash content(int row) {
        return new ContentHash(first[row], second[row]);
    }

    /** Returns the content hash of each row. */
    Stream<ContentHash> contents() {
        return IntStream.range(0, size()).mapToObj(this::content);
    }

    /** Returns the rows whose hashes meet a condition. */
    public StratumHashes where(Condition condition) {
        Builder selected = new Builder(stratum);
        for (int row = 0; row < size(); row++) {
            if (condition.holds(first[row], second[row])) {
                selected.add(content(row), isKeyed(), isKeyed() ? places[row] : 0, isKeyed() ? groups[row] : 0);
            }
        }
        return selected.build();
    }

    /** Condition on the two halves of a hash. */
    public interface Condition {
        boolean holds(long first, long second);
    }

    /** Collects rows, all with a split key or all without. */
    static final class Builder {
        private static final int FIRST_CAPACITY = 64;

        private final String stratum;
        private long[] first = new long[FIRST_CAPACITY];
        private long[] second = new long[FIRST_CAPACITY];
        private long[] places = new long[0];
        private long[] groups = new long[0];
        private int size;

        Builder(String stratum) {
            this.stratum = stratum;
        }

        /** @param keyOrNull split key of the row, or null */
        void add(ContentHash hash, SplitKey keyOrNull) {
            boolean keyed = keyOrNull != null;
            add(hash, keyed, keyed ? keyOrNull.place() : 0, keyed ? keyOrNull.group() : 0);
        }

        void add(ContentHash hash, boolean keyed, long place, long group) {
            if (size == first.length) {
                first = Arrays.copyOf(first, 2 * size);
                second = Arrays.copyOf(second, 2 * size);
            }
            if (keyed && places.length < first.length) {
                places = Arrays.copyOf(places, first.length);
                groups = Arrays.copyOf(groups, first.length);
            }
            first[size] = hash.first();
            second[size] = hash.second();
            if (keyed) {
                places[size] = place;
                groups[size] = group;
            }
            size++;
        }

        StratumHashes build() {
            int keyed = Math.min(size, places.length);
            return new StratumHashes(
                    stratum,
                    Arrays.copyOf(first, size),
                    Arrays.copyOf(second, size),
                    Arrays.copyOf(places, keyed),
                    Arrays.copyOf(groups, keyed));
        }
    }
}
