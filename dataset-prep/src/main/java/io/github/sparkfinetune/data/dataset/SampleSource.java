package io.github.sparkfinetune.data.dataset;

import java.io.Closeable;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/** The samples of one split in storage order: shard by shard, row group by row group. Not for concurrent use. */
public interface SampleSource extends Closeable {

    /** Returns the rows of each row group, in storage order. */
    List<Integer> rowGroups();

    /** Returns the number of samples. */
    default long size() {
        return rowGroups().stream().mapToLong(Integer::longValue).sum();
    }

    /**
     * Returns the sample at a place of the storage order. Reading a place loads its whole row group; the last few row
     * groups stay loaded.
     *
     * @param index in [0, size())
     */
    Sample read(long index);

    /**
     * Announces the next reads, so that their row groups can be loaded in the background.
     *
     * @param indexes places that {@link #read} will be called with
     */
    default void willRead(long... indexes) {}

    /**
     * Returns where a part of the split begins. Parts are as equal as possible, and no part cuts a row into its
     * windows.
     *
     * @param part in [0, parts]; the last is the end of the split
     */
    default long partStart(int part, int parts) {
        long size = size();
        long at = size * part / parts;
        while (at > 0 && at < size && read(at).continuesRow()) {
            at++;
        }
        return at;
    }

    /**
     * Returns the samples of a part of the split; each is read when the iterator reaches it.
     *
     * @param part in [0, parts), as {@link #partStart} cuts them
     */
    default Iterator<Sample> part(int part, int parts) {
        return LongStream.range(partStart(part, parts), partStart(part + 1, parts))
                .mapToObj(this::read)
                .iterator();
    }

    /** Returns a view of this split that maps each sample when it is read. Closing the view closes this split. */
    default SampleSource mapped(UnaryOperator<Sample> made) {
        return mapped(made, () -> {});
    }

    /**
     * Returns a view of this split that maps each sample when it is read.
     *
     * @param closed called after this split is closed
     */
    default SampleSource mapped(UnaryOperator<Sample> made, Runnable closed) {
        SampleSource split = this;
        return new SampleSource() {
            @Override
            public List<Integer> rowGroups() {
                return split.rowGroups();
            }

            @Override
            public long size() {
                return split.size();
            }

            @Override
            public Sample read(long index) {
                return made.apply(split.read(index));
            }

            @Override
            public void willRead(long... indexes) {
                split.willRead(indexes);
            }

            @Override
            public void close() {
                try {
                    split.close();
                } finally {
                    closed.run();
                }
            }
        };
    }

    @Override
    void close();
}
