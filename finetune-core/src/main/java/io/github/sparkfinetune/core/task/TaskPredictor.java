package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.Iterator;
import java.util.List;

/** Makes rows with a task's model. They are computed as they are asked for, in the order of what they are made of. */
public interface TaskPredictor extends AutoCloseable {
    /**
     * What the model predicts of samples that it was not trained on, beside what is true.
     *
     * @param split the samples
     * @param labels names of the dataset's labels by id
     * @param part number of the part of the split that is computed
     * @param parts how many there are
     * @return rows of {@link TaskSpec#evaluationColumns}
     * @throws io.github.sparkfinetune.conf.RunException where samples and model do not fit each other
     */
    Iterator<Object[]> evaluate(SampleSource split, List<String> labels, int part, int parts);

    /**
     * What the model predicts of inputs.
     *
     * @return rows of {@link TaskSpec#predictionColumns}, one an input
     */
    Iterator<Object[]> predict(Iterator<TaskInput> inputs);

    @Override
    void close();
}
