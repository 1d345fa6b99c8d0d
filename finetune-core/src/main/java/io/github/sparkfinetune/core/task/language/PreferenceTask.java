package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.PreferenceMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.PairLoss;
import io.github.sparkfinetune.core.objective.PreferenceLoss;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RowType;
import java.util.List;
import java.util.Optional;

/**
 * Preference between two answers (TRL's {@code DPOTrainer}).
 *
 * <p>Columns of an evaluation, one row per pair: {@code index} (of the sample in the split), {@code prompt},
 * {@code chosen} and {@code rejected} (answers without special tokens), {@code preferred} (answer with the higher
 * reward), {@code score} (its probability, the sigmoid of the rewards' distance), {@code correct} (1 if it is the
 * chosen answer, else 0), {@code margin} (difference of the rewards), {@code reward_chosen}, {@code reward_rejected},
 * {@code logp_chosen}, {@code logp_rejected} (log-probabilities of the answers, in nats), {@code loss}.
 */
public final class PreferenceTask extends AnswerTask {
    private final PreferenceConfig preference;

    private PreferenceTask(PreferenceConfig preference) {
        this.preference = preference;
    }

    /** Returns the task of a run. */
    public static PreferenceTask of(RunConfig config) {
        return new PreferenceTask(config.preference());
    }

    @Override
    public PreferenceModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        Decoder model = KIND.load(base, labels.size(), adaptation, seed);
        return new PreferenceModel(
                base.manager(),
                model,
                new PreferenceLoss(
                        base.manager(), VocabularyLoss.ofNextToken(base.manager(), model), new PairLoss(preference)));
    }

    /** Returns twice the length, for the prompt with each answer. */
    @Override
    public int longestSample(int maxLength) {
        return 2 * maxLength;
    }

    @Override
    public boolean readsReference() {
        return preference.readsReference();
    }

    @Override
    public List<Metric> metrics() {
        return PreferenceMetrics.all();
    }

    @Override
    public String lossUnit() {
        return "pair";
    }

    record Evaluated(
            long index,
            String prompt,
            String chosen,
            String rejected,
            String preferred,
            double score,
            int correct,
            double margin,
            double rewardChosen,
            double rewardRejected,
            double logpChosen,
            double logpRejected,
            double loss) {}

    private record Measured(
            double loss, double rewardChosen, double rewardRejected, double logpChosen, double logpRejected) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        PreferenceMetrics metrics = new PreferenceMetrics();
        return new MeasuredRows<>(
                Measured.class,
                metrics,
                row -> metrics.add(
                        row.loss(), row.rewardChosen(), row.rewardRejected(), row.logpChosen(), row.logpRejected()));
    }

    @Override
    public Optional<ExampleColumns> exampleColumns() {
        return Optional.of(new ExampleColumns(
                "prompt", Optional.empty(), "chosen", "preferred", Optional.of("correct"), Optional.of("score")));
    }
}
