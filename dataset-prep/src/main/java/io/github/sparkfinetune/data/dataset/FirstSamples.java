package io.github.sparkfinetune.data.dataset;

import java.util.ArrayList;
import java.util.List;

/**
 * First samples of a split. The storage order is that of a content hash, so the first samples are drawn evenly from the
 * whole split, and are the same each time.
 */
public final class FirstSamples implements SampleSource {
    private final SampleSource split;
    private final List<Integer> rowGroups = new ArrayList<>();

    private FirstSamples(SampleSource split, long count) {
        this.split = split;
        long left = count;
        for (int rows : split.rowGroups()) {
            if (left > 0) {
                rowGroups.add((int) Math.min(rows, left));
            }
            left -= rows;
        }
    }

    /**
     * Returns the first samples of a split. A row that is cut into windows is kept whole.
     *
     * @param atMost number of samples, or 0 for all
     */
    public static SampleSource of(SampleSource split, long atMost) {
        long end = split.size();
        if (atMost == 0 || atMost >= end) {
            return split;
        }
        long at = atMost;
        while (at < end && split.read(at).continuesRow()) {
            at++;
        }
        return new FirstSamples(split, at);
    }

    @Override
    public List<Integer> rowGroups() {
        return List.copyOf(rowGroups);
    }

    @Override
    public Sample read(long index) {
        if (index >= size()) {
            throw new IndexOutOfBoundsException("sample " + index + " of " + size());
        }
        return split.read(index);
    }

    @Override
    public void close() {
        split.close();
    }
}
