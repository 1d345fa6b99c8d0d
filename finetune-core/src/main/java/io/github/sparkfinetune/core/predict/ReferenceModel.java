package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** The other model that a loss compares the trained model with, loaded. */
public interface ReferenceModel extends AutoCloseable {
    /** Returns the references of samples, see {@link Sample#targets}. */
    List<double[]> references(List<Sample> samples, int batchSize);

    /** Takes part in the passes of ranks that share the weights, after this rank's last samples. */
    void finish();

    @Override
    void close();

    /** Returns the trained model with its initial weights; closing it leaves the model open. */
    static ReferenceModel ofInitial(TaskModel model) {
        return new ReferenceModel() {
            @Override
            public List<double[]> references(List<Sample> samples, int batchSize) {
                return model.reference(samples, batchSize);
            }

            @Override
            public void finish() {
                model.model().finish();
            }

            @Override
            public void close() {}
        };
    }
}
