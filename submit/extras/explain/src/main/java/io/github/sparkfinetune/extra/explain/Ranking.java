package io.github.sparkfinetune.extra.explain;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The training samples with the highest and with the lowest influence on each of some predictions. */
final class Ranking implements Serializable {
    private static final long serialVersionUID = 1;

    private static final Comparator<Entry> HIGHEST =
            Comparator.comparingDouble(Entry::influence).reversed().thenComparingLong(Entry::sample);
    private static final Comparator<Entry> LOWEST =
            Comparator.comparingDouble(Entry::influence).thenComparingLong(Entry::sample);

    private final int most;
    private final List<List<Entry>> supporting = new ArrayList<>();
    private final List<List<Entry>> opposing = new ArrayList<>();

    /** Influence of a sample on a prediction. */
    record Entry(long sample, double influence) implements Serializable {}

    /** @param most highest number of samples on each side of a prediction */
    Ranking(int predictions, int most) {
        this.most = most;
        for (int i = 0; i < predictions; i++) {
            supporting.add(new ArrayList<>());
            opposing.add(new ArrayList<>());
        }
    }

    /**
     * Adds a sample.
     *
     * @param influences influence on each prediction
     */
    void add(long sample, double... influences) {
        for (int i = 0; i < influences.length; i++) {
            Entry entry = new Entry(sample, influences[i]);
            if (influences[i] > 0) {
                add(supporting.get(i), entry, HIGHEST);
            } else if (influences[i] < 0) {
                add(opposing.get(i), entry, LOWEST);
            }
        }
    }

    private void add(List<Entry> sorted, Entry entry, Comparator<Entry> order) {
        if (sorted.size() == most && order.compare(sorted.get(most - 1), entry) <= 0) {
            return;
        }
        int place = 0;
        while (place < sorted.size() && order.compare(sorted.get(place), entry) < 0) {
            place++;
        }
        sorted.add(place, entry);
        if (sorted.size() > most) {
            sorted.remove(most);
        }
    }

    /** Adds the samples of another ranking of the same predictions; returns this ranking. */
    Ranking plus(Ranking other) {
        for (int i = 0; i < supporting.size(); i++) {
            for (Entry entry : other.supporting.get(i)) {
                add(supporting.get(i), entry, HIGHEST);
            }
            for (Entry entry : other.opposing.get(i)) {
                add(opposing.get(i), entry, LOWEST);
            }
        }
        return this;
    }

    /** Returns the samples with the highest positive influence on a prediction, the highest first. */
    List<Entry> supporting(int prediction) {
        return List.copyOf(supporting.get(prediction));
    }

    /** Returns the samples with the lowest negative influence on a prediction, the lowest first. */
    List<Entry> opposing(int prediction) {
        return List.copyOf(opposing.get(prediction));
    }

    /** Returns the indexes of all samples, sorted. */
    long[] samples() {
        return Stream.concat(supporting.stream(), opposing.stream())
                .flatMap(List::stream)
                .mapToLong(Entry::sample)
                .distinct()
                .sorted()
                .toArray();
    }
}
