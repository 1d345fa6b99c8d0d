package io.github.sparkfinetune.core.task.language;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

import io.github.sparkfinetune.conf.RewardConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.RewardMetrics;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.RewardLoss;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.DecoderKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Iterator;
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

    @Override
    public RewardMetrics metrics(Iterator<Object[]> rows, List<String> labels) {
        RewardMetrics metrics = new RewardMetrics();
        rows.forEachRemaining(row -> metrics.add((Double) row[0], (Double) row[1], (Double) row[2]));
        return metrics;
    }

    @Override
    public List<String> metricColumns() {
        return List.of("loss", "reward_chosen", "reward_rejected");
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
    public List<Column> evaluationColumns() {
        return List.of(
                required("index", Column.Type.LONG),
                required("chosen", Column.Type.STRING),
                required("rejected", Column.Type.STRING),
                required("reward_chosen", Column.Type.DOUBLE),
                required("reward_rejected", Column.Type.DOUBLE),
                required("margin", Column.Type.DOUBLE),
                required("correct", Column.Type.INT),
                required("loss", Column.Type.DOUBLE));
    }

    @Override
    public List<Column> predictionColumns() {
        return List.of(
                required("index", Column.Type.LONG),
                nullable("file", Column.Type.STRING),
                nullable("text", Column.Type.STRING),
                nullable("reward", Column.Type.DOUBLE),
                nullable("error", Column.Type.STRING));
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
