package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.PreferenceMetrics;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.objective.AnswerPair;
import io.github.sparkfinetune.core.objective.PairLoss;
import io.github.sparkfinetune.core.objective.PreferenceLoss;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.core.task.TokenLoss;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.ArrayList;
import java.util.List;

/** A language model whose training makes the chosen of two answers more probable, the rejected answer less. */
record PreferenceModel(NDManager manager, Decoder model, PreferenceLoss objective) implements TaskModel {

    @Override
    public Scorer scorer() {
        PreferenceMetrics metrics = new PreferenceMetrics();
        PairLoss loss = objective.pairLoss();
        return Scorer.of(metrics, (samples, batchSize) -> {
            for (AnswerPair pair : pairs(samples, batchSize)) {
                metrics.add(
                        loss.of(pair),
                        loss.chosenReward(pair),
                        loss.rejectedReward(pair),
                        pair.chosen(),
                        pair.rejected());
            }
        });
    }

    @Override
    public List<double[]> reference(List<Sample> samples, int batchSize) {
        return losses(samples, batchSize).stream()
                .map(answers ->
                        answers.stream().mapToDouble(loss -> -loss.sum()).toArray())
                .toList();
    }

    private List<List<TokenLoss>> losses(List<Sample> samples, int batchSize) {
        return Inference.tokenLosses(manager, model, objective.tokens(), samples, batchSize);
    }

    private List<AnswerPair> pairs(List<Sample> samples, int batchSize) {
        List<List<TokenLoss>> losses = losses(samples, batchSize);
        List<AnswerPair> pairs = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            List<TokenLoss> answers = losses.get(i);
            pairs.add(objective.pair(
                    samples.get(i), answers.get(0).sum(), answers.get(1).sum()));
        }
        return pairs;
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new SampleRows(new PromptAnswers(manager, model, settings), settings.batchSize(), this::rows);
    }

    private List<PreferenceTask.Evaluated> rows(List<Sample> samples, int batchSize, TextTokenizer tokenizer) {
        List<AnswerPair> pairs = pairs(samples, batchSize);
        PairLoss loss = objective.pairLoss();
        List<PreferenceTask.Evaluated> rows = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            AnswerPair pair = pairs.get(i);
            List<Prompts.Prompt> prompts = Prompts.of(samples.get(i));
            String chosen = tokenizer.decode(prompts.get(0).answerIds());
            String rejected = tokenizer.decode(prompts.get(1).answerIds());
            double better = loss.chosenReward(pair);
            double other = loss.rejectedReward(pair);
            rows.add(new PreferenceTask.Evaluated(
                    samples.get(i).index(),
                    tokenizer.decodeWhole(prompts.get(0).inputIds()),
                    chosen,
                    rejected,
                    better > other ? chosen : rejected,
                    Sigmoid.probability(Math.abs(better - other)),
                    better > other ? 1 : 0,
                    better - other,
                    better,
                    other,
                    pair.chosen(),
                    pair.rejected(),
                    loss.of(pair)));
        }
        return rows;
    }
}
