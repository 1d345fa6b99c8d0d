package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.UnpairedPreferenceMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.RatedLoss;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RowType;
import java.util.List;

/**
 * Preference from single answers that are good or bad (TRL's {@code KTOTrainer}).
 *
 * <p>Columns of an evaluation, one row per answer: {@code index} (of the sample in the split), {@code prompt},
 * {@code completion} (answer without special tokens), {@code label} (1 if the answer is good, else 0), {@code reward},
 * {@code log_ratio} (log-ratio of the answer's probabilities, trained over initial model), {@code logp}
 * (log-probability of the answer, in nats), {@code mismatched_log_ratio} ({@code log_ratio} of another sample's answer
 * to this prompt; 0 with {@code apo_zero_unpaired}).
 */
public final class UnpairedPreferenceTask extends AnswerTask {
    private final RatedLoss loss;

    private UnpairedPreferenceTask(UnpairedPreferenceConfig config) {
        this.loss = new RatedLoss(config);
    }

    /** Returns the task of a run. */
    public static UnpairedPreferenceTask of(RunConfig config) {
        return new UnpairedPreferenceTask(config.unpairedPreference());
    }

    @Override
    public UnpairedPreferenceModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        Decoder model = KIND.load(base, labels.size(), adaptation, seed);
        return new UnpairedPreferenceModel(base.manager(), model, loss);
    }

    @Override
    public boolean readsReference() {
        return true;
    }

    @Override
    public List<Metric> metrics() {
        return UnpairedPreferenceMetrics.all();
    }

    @Override
    public String lossUnit() {
        return "answer";
    }

    record Evaluated(
            long index,
            String prompt,
            String completion,
            int label,
            double reward,
            double logRatio,
            double logp,
            double mismatchedLogRatio) {}

    private record Measured(int label, double logRatio, double logp, double mismatchedLogRatio) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        UnpairedPreferenceMetrics metrics = new UnpairedPreferenceMetrics(loss);
        return new MeasuredRows<>(
                Measured.class,
                metrics,
                row -> metrics.add(row.label() == 1, row.logRatio(), row.logp(), row.mismatchedLogRatio()));
    }
}
