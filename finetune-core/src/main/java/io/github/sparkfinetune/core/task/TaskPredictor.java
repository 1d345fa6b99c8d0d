package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.Iterator;
import java.util.List;

/** Predictions of a task's model as rows, which are computed lazily, in the order of their inputs. */
public interface TaskPredictor extends AutoCloseable {
    /**
     * Predicts held-out samples, and returns the predictions with the true values.
     *
     * @param split held-out samples
     * @param labels names of the dataset's labels by id
     * @param part index of the part of the split to compute
     * @param parts number of parts
     * @return rows of {@link TaskSpec#evaluationRows}
     * @throws io.github.sparkfinetune.conf.error.RunException if samples and model do not fit each other
     */
    Iterator<? extends Record> evaluate(SampleSource split, List<String> labels, int part, int parts);

    /**
     * Predicts inputs.
     *
     * @return rows of {@link TaskSpec#predictionRows}, one per input
     */
    Iterator<? extends PredictedRow> predict(Iterator<TaskInput> inputs);

    @Override
    void close();
}
