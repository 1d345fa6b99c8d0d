package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.util.List;

/**
 * What rows are made with beside a model.
 *
 * @param config the run's
 * @param model the model's configuration
 * @param tokenizer the model's
 */
public record PredictionSettings(RunConfig config, HfConfig model, TokenizerFiles tokenizer) {
    public int batchSize() {
        return config.training().batches().perDeviceEvalBatchSize();
    }

    /**
     * Refuses a dataset with other labels than the model's.
     *
     * @param labels names of the dataset's labels by id
     * @throws RunException that says both
     */
    public void requireLabels(List<String> labels) {
        if (!labels.equals(model.labels())) {
            throw RunException.data("the model in " + config.output().model() + " knows the labels " + model.labels()
                    + ", the dataset has " + labels + ": use the dataset that the model was trained on");
        }
    }
}
