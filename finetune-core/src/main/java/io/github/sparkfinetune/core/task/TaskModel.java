package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Loaded model of a task, with its loss, metrics and predictions. Not for concurrent use. */
public interface TaskModel {
    /** Returns the weights and their computation. */
    Model model();

    /** Returns the loss. */
    Objective objective();

    /** Creates a scorer without samples. */
    Scorer scorer();

    /**
     * Computes the reference values of samples with the current weights. The loss later compares the trained model with
     * them, see {@link TaskSpec#readsReference}.
     *
     * @param batchSize number of samples computed at once
     * @return {@link Sample#targets} of each sample
     */
    default List<double[]> reference(List<Sample> samples, int batchSize) {
        throw new UnsupportedOperationException("this task has no reference model");
    }

    /**
     * Computes what a trained model learns from this model as its teacher.
     *
     * @param samples samples with the tokens of this model
     * @param batchSize number of samples computed at once
     * @return {@link Sample#targets} of each sample
     */
    default List<double[]> teach(List<Sample> samples, int batchSize, SharedOutputs shared) {
        throw new UnsupportedOperationException("this task has no teacher");
    }

    /** Creates a predictor with the current weights. It is valid as long as the model; the caller closes it. */
    TaskPredictor predictor(PredictionSettings settings);
}
