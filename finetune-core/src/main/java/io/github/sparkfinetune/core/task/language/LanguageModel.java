package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.LanguageModelMetrics;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.core.task.TokenLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** A language model with its loss. */
record LanguageModel(NDManager manager, Decoder model, VocabularyLoss objective) implements TaskModel {
    @Override
    public Scorer scorer() {
        LanguageModelMetrics metrics = new LanguageModelMetrics();
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                for (List<TokenLoss> documents : losses(samples, batchSize)) {
                    documents.forEach(loss -> metrics.addTokens(loss.sum(), loss.tokens()));
                }
            }

            @Override
            public Metrics metrics() {
                return metrics;
            }
        };
    }

    /** Returns the losses [samples][documents], in the order of samples and documents. */
    List<List<TokenLoss>> losses(List<Sample> samples, int batchSize) {
        return Inference.tokenLosses(manager, model, objective, samples, batchSize);
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new AnswerPredictor(this, new PromptAnswers(manager, model, settings), settings);
    }
}
