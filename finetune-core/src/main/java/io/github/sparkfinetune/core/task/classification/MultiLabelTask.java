package io.github.sparkfinetune.core.task.classification;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.MultiLabelMetrics;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.objective.MultiLabelLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Any number of labels per text ({@code multi_label_classification}). A label is predicted if its probability, the
 * sigmoid of the logit, is above 0.5.
 *
 * <p>Columns of an evaluation: {@code label} (list of names), {@code prediction} (list of names), {@code probabilities}
 * (in the order of the label ids), {@code loss} (mean binary cross-entropy over all labels). Columns of a prediction:
 * {@code prediction} (list of names), {@code probabilities} (in the order of the model's label ids).
 */
final class MultiLabelTask extends ClassificationTask {
    private final Optional<ClassWeight> classWeight;

    /** @param classWeight weight of having a label, relative to not having it, or empty for equal weights */
    MultiLabelTask(Optional<ClassWeight> classWeight) {
        this.classWeight = classWeight;
    }

    @Override
    String problemType() {
        return "multi_label_classification";
    }

    @Override
    Objective objective(NDManager manager, Labels labels) {
        double[] posWeight = new double[labels.size()];
        Arrays.fill(posWeight, 1);
        return new MultiLabelLoss(
                manager,
                classWeight
                        .map(weight -> weight.of(labels.names(), id -> balanced(labels, id)))
                        .orElse(posWeight));
    }

    /** Returns the weight that PyTorch advises for {@code BCEWithLogitsLoss}; 1 for a label of no or of all rows. */
    private static double balanced(Labels labels, int id) {
        double rows = labels.rows().isEmpty() ? 0 : labels.rows().get(id);
        return rows == 0 || rows == labels.samples() ? 1 : (labels.samples() - rows) / rows;
    }

    @Override
    SampleScorer scorer(List<String> labels) {
        MultiLabelMetrics metrics = new MultiLabelMetrics(labels);
        return new SampleScorer(metrics, (sample, logits) -> metrics.add(truth(sample), logits));
    }

    private static boolean[] truth(Sample sample) {
        boolean[] truth = new boolean[sample.targets().length];
        for (int id = 0; id < truth.length; id++) {
            truth[id] = sample.targets()[id] == 1;
        }
        return truth;
    }

    @Override
    List<Column> evaluated() {
        return List.of(
                required("label", Column.Type.STRINGS),
                required("prediction", Column.Type.STRINGS),
                required("probabilities", Column.Type.DOUBLES),
                required("loss", Column.Type.DOUBLE));
    }

    @Override
    Object[] evaluated(Sample sample, float[] logits, List<String> labels) {
        boolean[] truth = truth(sample);
        return new Object[] {
            names(labels, id -> truth[id]),
            names(labels, id -> logits[id] > 0),
            Sigmoid.probabilities(logits),
            Sigmoid.crossEntropy(logits, truth)
        };
    }

    private static String[] names(List<String> labels, IntPredicate has) {
        return IntStream.range(0, labels.size())
                .filter(has)
                .mapToObj(labels::get)
                .toArray(String[]::new);
    }

    @Override
    List<Column> predicted() {
        return List.of(nullable("prediction", Column.Type.STRINGS), nullable("probabilities", Column.Type.DOUBLES));
    }

    @Override
    Object[] predicted(float[] logits, List<String> labels, Optional<Calibration> calibration) {
        return new Object[] {names(labels, id -> logits[id] > 0), Sigmoid.probabilities(logits)};
    }

    @Override
    public List<Metric> metrics() {
        return MultiLabelMetrics.all();
    }

    @Override
    public List<String> metricColumns() {
        return List.of("label", "probabilities", "loss");
    }

    @Override
    public MultiLabelMetrics metrics(Iterator<Object[]> rows, List<String> labels) {
        MultiLabelMetrics metrics = new MultiLabelMetrics(labels);
        rows.forEachRemaining(row -> {
            Set<String> names = new HashSet<>(Arrays.asList((String[]) row[0]));
            boolean[] truth = new boolean[labels.size()];
            for (int id = 0; id < truth.length; id++) {
                truth[id] = names.contains(labels.get(id));
            }
            metrics.add(truth, (double[]) row[1], (Double) row[2]);
        });
        return metrics;
    }

    @Override
    public Optional<ExampleColumns> exampleColumns() {
        return Optional.of(ExampleColumns.ofEqual("text", "label", "prediction", Optional.empty())
                .withSecond("text_pair"));
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-classification", "model(\"some text\", top_k=None)");
    }

    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        return "f1_micro";
    }
}
