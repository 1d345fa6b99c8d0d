package io.github.sparkfinetune.data.dataset;

import java.io.Closeable;
import java.util.List;

/** The samples of one split in storage order: shard by shard, row group by row group. Not for concurrent use. */
public interface SampleSource extends Closeable {

    /** Rows of each row group, in storage order. */
    List<Integer> rowGroups();

    /** Number of samples. */
    default long size() {
        return rowGroups().stream().mapToLong(Integer::longValue).sum();
    }

    /**
     * The sample at a place of the storage order. Reading a place loads its whole row group; the last few row groups
     * stay loaded.
     *
     * @param index in [0, size())
     */
    Sample read(long index);

    /**
     * Where a part of the split begins, of parts as equal as can be that cut no row into its windows.
     *
     * @param part in [0, parts]; the last is the end of the split
     */
    default long partStart(int part, int parts) {
        long size = size();
        long at = size * part / parts;
        while (at > 0 && at < size && read(at).window().number() > 0) {
            at++;
        }
        return at;
    }

    @Override
    void close();
}
