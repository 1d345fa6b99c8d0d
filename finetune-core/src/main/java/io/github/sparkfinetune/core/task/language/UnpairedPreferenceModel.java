package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.UnpairedPreferenceMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.objective.RatedLoss;
import io.github.sparkfinetune.core.objective.UnpairedPreferenceLoss;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A language model whose training makes good answers more probable, and bad answers less probable. */
final class UnpairedPreferenceModel implements TaskModel {
    private final NDManager manager;
    private final Decoder model;
    private final UnpairedPreferenceLoss objective;

    UnpairedPreferenceModel(NDManager manager, Decoder model, RatedLoss loss) {
        this.manager = manager;
        this.model = model;
        this.objective = new UnpairedPreferenceLoss(
                manager,
                VocabularyLoss.ofNextToken(manager, model),
                loss,
                samples -> Arrays.stream(mismatched(samples, samples.size())).sum());
    }

    @Override
    public Decoder model() {
        return model;
    }

    @Override
    public UnpairedPreferenceLoss objective() {
        return objective;
    }

    private RatedLoss loss() {
        return objective.ratedLoss();
    }

    /** Returns the log-probability of one document of each sample, in nats; 0 for an unused second document. */
    private double[] logProbs(List<Sample> samples, int document, int batchSize) {
        if (document == UnpairedPreferenceLoss.MISMATCHED && !loss().readsDivergence()) {
            return new double[samples.size()];
        }
        List<Sample> documents =
                samples.stream().map(sample -> sample.document(document)).toList();
        return Inference.tokenLosses(manager, model, objective.tokens(), documents, batchSize).stream()
                .mapToDouble(losses -> -losses.get(0).sum())
                .toArray();
    }

    /** Returns the log-ratio of each sample's second document, model over reference. */
    private double[] mismatched(List<Sample> samples, int batchSize) {
        double[] ratios = logProbs(samples, UnpairedPreferenceLoss.MISMATCHED, batchSize);
        Arrays.setAll(ratios, i -> ratios[i] - samples.get(i).targets()[UnpairedPreferenceLoss.MISMATCHED]);
        return ratios;
    }

    /**
     * Log-probabilities of a sample.
     *
     * @param ratio log-ratio of the answer, model over reference
     * @param logProb log-probability of the answer
     * @param mismatched log-ratio of the answer to another prompt
     */
    private record AnswerScore(boolean desirable, double ratio, double logProb, double mismatched) {}

    private List<AnswerScore> scored(List<Sample> samples, int batchSize) {
        double[] logProbs = logProbs(samples, UnpairedPreferenceLoss.ANSWER, batchSize);
        double[] mismatched = mismatched(samples, batchSize);
        List<AnswerScore> scored = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            scored.add(new AnswerScore(
                    UnpairedPreferenceLoss.isDesirable(sample),
                    logProbs[i] - sample.targets()[UnpairedPreferenceLoss.ANSWER],
                    logProbs[i],
                    mismatched[i]));
        }
        return scored;
    }

    @Override
    public Scorer scorer() {
        UnpairedPreferenceMetrics metrics = new UnpairedPreferenceMetrics(loss());
        return Scorer.of(metrics, (samples, batchSize) -> {
            for (AnswerScore one : scored(samples, batchSize)) {
                metrics.add(one.desirable(), one.ratio(), one.logProb(), one.mismatched());
            }
        });
    }

    @Override
    public List<double[]> reference(List<Sample> samples, int batchSize) {
        double[] answers = logProbs(samples, UnpairedPreferenceLoss.ANSWER, batchSize);
        double[] others = logProbs(samples, UnpairedPreferenceLoss.MISMATCHED, batchSize);
        List<double[]> reference = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            reference.add(new double[] {answers[i], others[i]});
        }
        return reference;
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new SampleRows(new PromptAnswers(manager, model, settings), settings.batchSize(), this::rows);
    }

    private List<UnpairedPreferenceTask.Evaluated> rows(List<Sample> samples, int batchSize, TextTokenizer tokenizer) {
        List<AnswerScore> scored = scored(samples, batchSize);
        List<UnpairedPreferenceTask.Evaluated> rows = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            Prompts.Prompt prompt = Prompts.of(samples.get(i)).get(UnpairedPreferenceLoss.ANSWER);
            AnswerScore one = scored.get(i);
            rows.add(new UnpairedPreferenceTask.Evaluated(
                    samples.get(i).index(),
                    tokenizer.decodeWhole(prompt.inputIds()),
                    tokenizer.decode(prompt.answerIds()),
                    one.desirable() ? 1 : 0,
                    loss().reward(one.ratio()),
                    one.ratio(),
                    one.logProb(),
                    one.mismatched()));
        }
        return rows;
    }
}
