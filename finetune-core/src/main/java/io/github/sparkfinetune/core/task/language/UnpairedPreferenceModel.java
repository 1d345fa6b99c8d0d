package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.metric.UnpairedPreferenceMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.PackedBatch;
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
import java.util.List;

/** A language model that is trained to find good answers likelier than before, and bad ones less so. */
final class UnpairedPreferenceModel implements TaskModel<PackedBatch> {
    private final NDManager manager;
    private final Decoder model;
    private final UnpairedPreferenceLoss objective;

    UnpairedPreferenceModel(NDManager manager, Decoder model, RatedLoss loss) {
        this.manager = manager;
        this.model = model;
        this.objective = new UnpairedPreferenceLoss(
                VocabularyLoss.ofNextToken(manager, model),
                loss,
                samples -> mismatched(samples, Math.max(1, samples.size())).stream()
                        .mapToDouble(ratio -> ratio)
                        .sum());
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

    /** The log-probability of one of the two documents of each sample, in nats. */
    private List<Double> logProbs(List<Sample> samples, int document, int batchSize) {
        List<Sample> documents =
                samples.stream().map(sample -> sample.document(document)).toList();
        return Inference.tokenLosses(manager, model, objective.tokens(), documents, batchSize).stream()
                .map(losses -> -losses.get(0).sum())
                .toList();
    }

    /** By sample the logarithm of how much likelier the model finds the second document; 0 where no one asks. */
    private List<Double> mismatched(List<Sample> samples, int batchSize) {
        if (!loss().readsDivergence()) {
            return samples.stream().map(sample -> 0.0).toList();
        }
        List<Double> logProbs = logProbs(samples, UnpairedPreferenceLoss.MISMATCHED, batchSize);
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            ratios.add(logProbs.get(i) - samples.get(i).targets()[UnpairedPreferenceLoss.MISMATCHED]);
        }
        return ratios;
    }

    /**
     * What the model says of a sample.
     *
     * @param ratio the logarithm of how much likelier it finds the answer than the reference
     * @param logProb of the answer
     * @param mismatched the ratio of the answer to another prompt
     */
    private record Said(boolean desirable, double ratio, double logProb, double mismatched) {}

    private List<Said> said(List<Sample> samples, int batchSize) {
        List<Double> logProbs = logProbs(samples, UnpairedPreferenceLoss.ANSWER, batchSize);
        List<Double> mismatched = mismatched(samples, batchSize);
        List<Said> said = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            said.add(new Said(
                    UnpairedPreferenceLoss.isDesirable(sample),
                    logProbs.get(i) - sample.targets()[UnpairedPreferenceLoss.ANSWER],
                    logProbs.get(i),
                    mismatched.get(i)));
        }
        return said;
    }

    @Override
    public Scorer scorer() {
        UnpairedPreferenceMetrics metrics = new UnpairedPreferenceMetrics(loss());
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                for (Said one : said(samples, batchSize)) {
                    metrics.add(one.desirable(), one.ratio(), one.logProb(), one.mismatched());
                }
            }

            @Override
            public Metrics metrics() {
                return metrics;
            }
        };
    }

    @Override
    public List<double[]> reference(List<Sample> samples, int batchSize) {
        List<Double> answers = logProbs(samples, UnpairedPreferenceLoss.ANSWER, batchSize);
        List<Double> others = loss().readsDivergence()
                ? logProbs(samples, UnpairedPreferenceLoss.MISMATCHED, batchSize)
                : samples.stream().map(sample -> 0.0).toList();
        List<double[]> reference = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            reference.add(new double[] {answers.get(i), others.get(i)});
        }
        return reference;
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new SampleRows(new PromptAnswers(manager, model, settings), settings.batchSize(), this::rows);
    }

    private List<Object[]> rows(List<Sample> samples, int batchSize, TextTokenizer tokenizer) {
        List<Said> said = said(samples, batchSize);
        List<Object[]> rows = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            Prompts.Prompt prompt = Prompts.of(samples.get(i)).get(UnpairedPreferenceLoss.ANSWER);
            Said one = said.get(i);
            rows.add(new Object[] {
                samples.get(i).index(),
                tokenizer.decodeWhole(prompt.inputIds()),
                tokenizer.decode(prompt.answerIds()),
                one.desirable() ? 1 : 0,
                loss().reward(one.ratio()),
                one.ratio(),
                one.logProb(),
                one.mismatched()
            });
        }
        return rows;
    }
}
