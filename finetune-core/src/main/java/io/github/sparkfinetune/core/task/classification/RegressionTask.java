package io.github.sparkfinetune.core.task.classification;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.RegressionMetrics;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.RegressionLoss;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Iterator;
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

    @Override
    List<Column> evaluated() {
        return List.of(
                required("label", Column.Type.DOUBLE),
                required("prediction", Column.Type.DOUBLE),
                required("loss", Column.Type.DOUBLE));
    }

    @Override
    Object[] evaluated(Sample sample, float[] logits, List<String> labels) {
        double truth = sample.targets()[0];
        double difference = logits[0] - truth;
        return new Object[] {truth, (double) logits[0], difference * difference};
    }

    @Override
    List<Column> predicted() {
        return List.of(nullable("prediction", Column.Type.DOUBLE));
    }

    @Override
    Object[] predicted(float[] logits, List<String> labels, Optional<Calibration> calibration) {
        return new Object[] {(double) logits[0]};
    }

    @Override
    public List<Metric> metrics() {
        return RegressionMetrics.all();
    }

    @Override
    public List<String> metricColumns() {
        return List.of("label", "prediction");
    }

    @Override
    public RegressionMetrics metrics(Iterator<Object[]> rows, List<String> labels) {
        RegressionMetrics metrics = new RegressionMetrics();
        rows.forEachRemaining(row -> metrics.add((Double) row[0], (Double) row[1]));
        return metrics;
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-classification", "model(\"some text\", function_to_apply=\"none\")");
    }
}
