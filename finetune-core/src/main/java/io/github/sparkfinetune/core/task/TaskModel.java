package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/**
 * A task's model, loaded: what is computed, what is minimised, and what is measured and predicted with it. Not for
 * concurrent use.
 */
public interface TaskModel {
    /** The weights and the computation. */
    Model model();

    /** What is minimised. */
    Objective objective();

    /** A scorer that has counted nothing yet. */
    Scorer scorer();

    /**
     * What the model, as it is now, says of samples that their loss compares it with later, see
     * {@link TaskSpec#readsReference}.
     *
     * @param batchSize samples computed at once
     * @return the {@link Sample#targets} of each
     */
    default List<double[]> reference(List<Sample> samples, int batchSize) {
        throw new UnsupportedOperationException("this task compares the model with none");
    }

    /** Makes rows with the model, as it is now; valid as long as the model is, and to be closed by the caller. */
    TaskPredictor predictor(PredictionSettings settings);
}
