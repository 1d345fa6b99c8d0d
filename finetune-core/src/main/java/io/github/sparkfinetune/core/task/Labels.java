package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The labels that a model predicts.
 *
 * @param names by id; none for a task without labels
 * @param rows training rows that have each, by id; empty where the model isn't trained
 * @param samples training rows in all, or 0
 */
public record Labels(List<String> names, List<Long> rows, long samples) {
    public Labels {
        names = List.copyOf(names);
        rows = List.copyOf(rows);
        if (!rows.isEmpty() && rows.size() != names.size()) {
            throw new IllegalArgumentException(names.size() + " labels, rows of " + rows.size());
        }
    }

    /** Those of a dataset to train on. */
    public static Labels of(Manifest dataset) {
        Manifest.Split train = dataset.split(Manifest.TRAIN);
        return new Labels(dataset.samples().labels(), train.rowsPerLabel(), train.rows());
    }

    /** Those of a trained model; without names they are called as {@code transformers} calls them. */
    public static Labels of(HfConfig trained) {
        List<String> names = trained.labels();
        return new Labels(
                names.isEmpty()
                        ? IntStream.range(0, trained.numLabels())
                                .mapToObj(id -> "LABEL_" + id)
                                .toList()
                        : names,
                List.of(),
                0);
    }

    /** Of a task without labels. */
    public static Labels none() {
        return new Labels(List.of(), List.of(), 0);
    }

    /** How many there are. */
    public int size() {
        return names.size();
    }
}
