package io.github.sparkfinetune.core.task.classification;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.RegressionMetrics;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.RegressionLoss;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.classification.GivenText;
import java.util.List;
import java.util.Optional;

/**
 * A number per text ({@code regression}): the single logit.
 *
 * <p>Columns of an evaluation: {@code label}, {@code prediction}, {@code loss} (the square of their difference). Column
 * of a prediction: {@code prediction}.
 */
final class RegressionTask extends ClassificationTask {

    @Override
    String problemType() {
        return "regression";
    }

    @Override
    Objective objective(NDManager manager, Labels labels) {
        return new RegressionLoss(manager);
    }

    @Override
    SampleScorer scorer(List<String> labels) {
        RegressionMetrics metrics = new RegressionMetrics();
        return new SampleScorer(metrics, (sample, logits) -> metrics.add(sample.targets()[0], logits[0]));
    }

    private record Evaluated(
            long index, String text, @Nullable String textPair, double label, double prediction, double loss) {}

    private record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable String textPair,
            Double prediction,
            @Nullable String error)
            implements PredictedRow {}

    private record Measured(double label, double prediction) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    Record evaluated(Sample sample, GivenText texts, float[] logits, List<String> labels) {
        double truth = sample.targets()[0];
        double difference = logits[0] - truth;
        return new Evaluated(sample.index(), texts.text(), texts.pair(), truth, logits[0], difference * difference);
    }

    @Override
    public RowType<? extends PredictedRow> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    PredictedRow predicted(TaskInput input, float[] logits, List<String> labels, Optional<Calibration> calibration) {
        return new Predicted(input.index(), input.file(), input.text(), input.textPair(), (double) logits[0], null);
    }

    @Override
    public List<Metric> metrics() {
        return RegressionMetrics.all();
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        RegressionMetrics metrics = new RegressionMetrics();
        return new MeasuredRows<>(Measured.class, metrics, row -> metrics.add(row.label(), row.prediction()));
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-classification", "model(\"some text\", function_to_apply=\"none\")");
    }
}
