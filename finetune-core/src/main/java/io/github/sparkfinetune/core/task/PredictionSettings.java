package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.nio.file.Path;
import java.util.List;

/**
 * Settings for rows of predictions.
 *
 * @param config configuration of the run
 * @param model configuration of the model
 * @param tokenizer tokenizer of the model
 * @param folder local folder of the model
 */
public record PredictionSettings(RunConfig config, HfConfig model, TokenizerFiles tokenizer, Path folder) {
    public int batchSize() {
        return config.training().perDeviceEvalBatchSize();
    }

    /**
     * Refuses a dataset with other labels than the model's.
     *
     * @param labels names of the dataset's labels by id
     * @throws RunException if the labels differ; the message names both
     */
    public void requireLabels(List<String> labels) {
        if (!labels.equals(model.labels())) {
            throw RunException.data("the model in " + config.output().model() + " has the labels " + model.labels()
                    + ", the dataset has " + labels + ": use the dataset that the model was trained on");
        }
    }
}
