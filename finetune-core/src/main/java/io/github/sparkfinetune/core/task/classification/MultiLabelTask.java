package io.github.sparkfinetune.core.task.classification;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.MultiLabelMetrics;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.objective.MultiLabelLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.classification.GivenText;
import java.util.Arrays;
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

    private record Evaluated(
            long index,
            String text,
            @Nullable String textPair,
            List<String> label,
            List<String> prediction,
            double[] probabilities,
            double loss) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable String textPair,
            @Nullable List<String> prediction,
            @Nullable double[] probabilities,
            @Nullable String error)
            implements PredictedRow {}

    private record Measured(List<String> label, double[] probabilities, double loss) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    Record evaluated(Sample sample, GivenText texts, float[] logits, List<String> labels) {
        boolean[] truth = truth(sample);
        return new Evaluated(
                sample.index(),
                texts.text(),
                texts.pair(),
                names(labels, id -> truth[id]),
                names(labels, id -> logits[id] > 0),
                Sigmoid.probabilities(logits),
                Sigmoid.crossEntropy(logits, truth));
    }

    private static List<String> names(List<String> labels, IntPredicate has) {
        return IntStream.range(0, labels.size())
                .filter(has)
                .mapToObj(labels::get)
                .toList();
    }

    @Override
    public RowType<? extends PredictedRow> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    PredictedRow predicted(TaskInput input, float[] logits, List<String> labels, Optional<Calibration> calibration) {
        return new Predicted(
                input.index(),
                input.file(),
                input.text(),
                input.textPair(),
                names(labels, id -> logits[id] > 0),
                Sigmoid.probabilities(logits),
                null);
    }

    @Override
    public List<Metric> metrics() {
        return MultiLabelMetrics.all();
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        MultiLabelMetrics metrics = new MultiLabelMetrics(labels);
        return new MeasuredRows<>(Measured.class, metrics, row -> {
            Set<String> names = Set.copyOf(row.label());
            boolean[] truth = new boolean[labels.size()];
            for (int id = 0; id < truth.length; id++) {
                truth[id] = names.contains(labels.get(id));
            }
            metrics.add(truth, row.probabilities(), row.loss());
        });
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
