package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Labels that a model predicts.
 *
 * @param names names by id; empty for a task without labels
 * @param rows number of training rows of each label, by id; empty if the model is not trained
 * @param samples total number of training rows, or 0
 */
public record Labels(List<String> names, List<Long> rows, long samples) {
    public Labels {
        names = List.copyOf(names);
        rows = List.copyOf(rows);
        if (!rows.isEmpty() && rows.size() != names.size()) {
            throw new IllegalArgumentException(names.size() + " labels, rows of " + rows.size());
        }
    }

    /** Returns the labels of a training dataset. */
    public static Labels of(Manifest dataset) {
        DatasetSplit train = dataset.split(Manifest.TRAIN);
        return new Labels(dataset.labels(), train.rowsPerLabel(), train.rows());
    }

    /** Returns the labels of a trained model; labels without names have the names of {@code transformers}. */
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

    /** Returns the labels of a task without labels. */
    public static Labels none() {
        return new Labels(List.of(), List.of(), 0);
    }

    /** Returns the number of labels. */
    public int size() {
        return names.size();
    }
}
