package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.util.Set;

/**
 * What rows are made with beside a model.
 *
 * @param config the run's
 * @param model the model's configuration
 * @param tokenizer the model's
 * @param endTokens ids of the tokens that end a generated answer
 */
public record PredictionSettings(RunConfig config, HfConfig model, TokenizerFiles tokenizer, Set<Integer> endTokens) {
    int batchSize() {
        return config.training().perDeviceEvalBatchSize();
    }
}
