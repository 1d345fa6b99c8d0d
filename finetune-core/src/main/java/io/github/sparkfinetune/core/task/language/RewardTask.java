package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.RewardConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.RewardMetrics;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.RewardLoss;
import io.github.sparkfinetune.core.task.DecoderKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;

/**
 * A number for each answer, higher for the better of two answers (TRL's {@code RewardTrainer}): the logit of a head
 * with one class over the last token ({@code ForSequenceClassification}).
 *
 * <p>Columns of an evaluation, one row per pair: {@code index} (of the sample in the split), {@code chosen} and
 * {@code rejected} (whole texts, with special tokens), {@code reward_chosen}, {@code reward_rejected}, {@code margin}
 * (their difference), {@code correct} (1 if it is above 0, else 0), {@code loss}. Columns of a prediction:
 * {@code index} (of the row in the source), {@code file}, {@code text} (whole text, with special tokens),
 * {@code reward}, {@code error} (reason for an unusable row; then text and reward are null).
 */
public final class RewardTask implements TaskSpec {
    private static final DecoderKind KIND = new DecoderKind(HeadKind.SEQUENCE_CLASSIFICATION);
    /** Name that {@code transformers} gives the only class. */
    private static final List<String> CLASSES = List.of("LABEL_0");

    private final RewardConfig reward;

    private RewardTask(RewardConfig reward) {
        this.reward = reward;
    }

    /** Returns the task of a run. */
    public static RewardTask of(RunConfig config) {
        return new RewardTask(config.reward());
    }

    @Override
    public DecoderKind modelKind() {
        return KIND;
    }

    @Override
    public RewardModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        return new RewardModel(
                base.manager(),
                KIND.load(base, CLASSES.size(), adaptation, seed),
                new RewardLoss(base.manager(), reward));
    }

    /** Returns twice the length, for the prompt with each answer. */
    @Override
    public int longestSample(int maxLength) {
        return 2 * maxLength;
    }

    @Override
    public List<Metric> metrics() {
        return RewardMetrics.all();
    }

    record Evaluated(
            long index,
            String chosen,
            String rejected,
            double rewardChosen,
            double rewardRejected,
            double margin,
            int correct,
            double loss) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            Double reward,
            @Nullable String error) implements PredictedRow {}

    private record Measured(double loss, double rewardChosen, double rewardRejected) {}

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        RewardMetrics metrics = new RewardMetrics();
        return new MeasuredRows<>(
                Measured.class, metrics, row -> metrics.add(row.loss(), row.rewardChosen(), row.rewardRejected()));
    }

    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        return "accuracy";
    }

    @Override
    public String lossUnit() {
        return "pair";
    }

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public RowType<Predicted> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    public String predictionColumn() {
        return "reward";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asTokenClassifier(className, CLASSES, dtype);
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-classification", "model(\"some text\", function_to_apply=\"none\")");
    }
}
