package io.github.sparkfinetune.core.task.language;

import static io.github.sparkfinetune.core.task.Column.required;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.PreferenceMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.PairLoss;
import io.github.sparkfinetune.core.objective.PreferenceLoss;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import java.util.Iterator;
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

    @Override
    public List<Column> evaluationColumns() {
        return List.of(
                required("index", Column.Type.LONG),
                required("prompt", Column.Type.STRING),
                required("chosen", Column.Type.STRING),
                required("rejected", Column.Type.STRING),
                required("preferred", Column.Type.STRING),
                required("score", Column.Type.DOUBLE),
                required("correct", Column.Type.INT),
                required("margin", Column.Type.DOUBLE),
                required("reward_chosen", Column.Type.DOUBLE),
                required("reward_rejected", Column.Type.DOUBLE),
                required("logp_chosen", Column.Type.DOUBLE),
                required("logp_rejected", Column.Type.DOUBLE),
                required("loss", Column.Type.DOUBLE));
    }

    @Override
    public List<String> metricColumns() {
        return List.of("loss", "reward_chosen", "reward_rejected", "logp_chosen", "logp_rejected");
    }

    @Override
    public PreferenceMetrics metrics(Iterator<Object[]> rows, List<String> labels) {
        PreferenceMetrics metrics = new PreferenceMetrics();
        rows.forEachRemaining(row ->
                metrics.add((Double) row[0], (Double) row[1], (Double) row[2], (Double) row[3], (Double) row[4]));
        return metrics;
    }

    @Override
    public Optional<ExampleColumns> exampleColumns() {
        return Optional.of(new ExampleColumns(
                "prompt", Optional.empty(), "chosen", "preferred", Optional.of("correct"), Optional.of("score")));
    }
}
