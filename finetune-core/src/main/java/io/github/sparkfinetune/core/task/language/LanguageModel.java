package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.LanguageModelMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.objective.DistillationLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TokenClasses;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.SharedOutputs;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.core.task.TokenLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Optional;

/**
 * A language model with its loss.
 *
 * @param tokens loss of tokens, which the metrics are of
 * @param distillation loss with a teacher, which training minimises instead; empty without a teacher
 */
record LanguageModel(NDManager manager, Decoder model, VocabularyLoss tokens, Optional<DistillationLoss> distillation)
        implements TaskModel {
    @Override
    public Objective objective() {
        return distillation.isPresent() ? distillation.get() : tokens;
    }

    @Override
    public Scorer scorer() {
        LanguageModelMetrics metrics = new LanguageModelMetrics();
        return Scorer.of(metrics, (samples, batchSize) -> {
            for (List<TokenLoss> documents : losses(samples, batchSize)) {
                documents.forEach(loss -> metrics.addTokens(loss.sum(), loss.tokens()));
            }
        });
    }

    /** Returns the losses [samples][documents], in the order of samples and documents. */
    List<List<TokenLoss>> losses(List<Sample> samples, int batchSize) {
        return Inference.tokenLosses(manager, model, tokens, samples, batchSize);
    }

    @Override
    public List<double[]> teach(List<Sample> samples, int batchSize, SharedOutputs shared) {
        DistillationLoss loss = distillation.orElseThrow();
        double[][] taught = new double[samples.size()][];
        Inference.byLength(manager, model, samples, batchSize, (owner, indices, batch, output) -> {
            TokenClasses classes = loss.classes(owner, output, batch.samples(), shared.vocabulary());
            int from = 0;
            for (int index : indices) {
                int to = from + samples.get(index).labelTokens();
                taught[index] = classes.targets(from, to);
                from = to;
            }
        });
        return List.of(taught);
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new AnswerPredictor(this, new PromptAnswers(manager, model, settings), settings);
    }
}
