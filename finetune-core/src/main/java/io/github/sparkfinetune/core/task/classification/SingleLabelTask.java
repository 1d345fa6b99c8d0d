package io.github.sparkfinetune.core.task.classification;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.PredictConfig;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.calibration.PredictionSets;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.ClassificationMetrics;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.core.objective.ClassificationLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.SoftLabelLoss;
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
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One label per text ({@code single_label_classification}).
 *
 * <p>Columns of an evaluation: {@code label}, {@code prediction}, {@code score} (its probability),
 * {@code probabilities} (in the order of the label ids), {@code loss} (cross-entropy). Columns of a prediction:
 * {@code prediction}, {@code score} (its probability), {@code probabilities} (in the order of the model's label ids).
 * With {@code predict.coverage} the probabilities are calibrated, and there are also {@code prediction_set} (the labels
 * of which one is right with this probability, the most probable first) and {@code abstain} (1 unless they are one).
 */
final class SingleLabelTask extends ClassificationTask {
    private final Optional<ClassWeight> classWeight;

    private final TeacherConfig teacher;
    private final PredictConfig predict;

    /** @param classWeight weight of each label, or empty for equal weights */
    SingleLabelTask(Optional<ClassWeight> classWeight, TeacherConfig teacher, PredictConfig predict) {
        this.classWeight = classWeight;
        this.teacher = teacher;
        this.predict = predict;
    }

    @Override
    String problemType() {
        return "single_label_classification";
    }

    @Override
    Objective objective(NDManager manager, Labels labels) {
        Optional<double[]> weights = classWeight.map(weight -> weight.of(labels.names(), id -> balanced(labels, id)));
        return teacher.teaches()
                ? new SoftLabelLoss(manager, weights, labels.size(), teacher)
                : new ClassificationLoss(manager, weights);
    }

    /** Returns the weight of scikit-learn's {@code compute_class_weight}; 1 for a label without training rows. */
    private static double balanced(Labels labels, int id) {
        double rows = labels.rows().isEmpty() ? 0 : labels.rows().get(id);
        // A teacher labels further rows, which have no weight.
        double labelled = labels.rows().stream().mapToLong(Long::longValue).sum();
        return rows == 0 ? 1 : labelled / (labels.size() * rows);
    }

    @Override
    SampleScorer scorer(List<String> labels) {
        ClassificationMetrics metrics = new ClassificationMetrics(labels);
        return new SampleScorer(metrics, (sample, logits) -> metrics.add(sample.label(), logits));
    }

    private record Evaluated(
            long index,
            String text,
            @Nullable String textPair,
            String label,
            String prediction,
            double score,
            double[] probabilities,
            double loss) {}

    private record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable String textPair,
            @Nullable String prediction,
            Double score,
            @Nullable double[] probabilities,
            @Nullable String error)
            implements PredictedRow {}

    record PredictedSet(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable String textPair,
            @Nullable String prediction,
            Double score,
            @Nullable double[] probabilities,
            @Nullable List<String> predictionSet,
            Integer abstain,
            @Nullable String error)
            implements PredictedRow {}

    private record Measured(String label, String prediction, double[] probabilities, double loss) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    Record evaluated(Sample sample, GivenText texts, float[] logits, List<String> labels) {
        double[] probabilities = Softmax.probabilities(logits);
        int best = Softmax.argmax(logits);
        return new Evaluated(
                sample.index(),
                texts.text(),
                texts.pair(),
                labels.get(sample.label()),
                labels.get(best),
                probabilities[best],
                probabilities,
                Softmax.crossEntropy(logits, sample.label()));
    }

    @Override
    public RowType<? extends PredictedRow> predictionRows() {
        return predict.hasSets() ? RowType.of(PredictedSet.class) : RowType.of(Predicted.class);
    }

    @Override
    boolean isCalibrated() {
        return predict.hasSets();
    }

    @Override
    PredictedRow predicted(TaskInput input, float[] logits, List<String> labels, Optional<Calibration> calibration) {
        int best = Softmax.argmax(logits);
        if (!predict.hasSets()) {
            double[] probabilities = Softmax.probabilities(logits);
            return new Predicted(
                    input.index(),
                    input.file(),
                    input.text(),
                    input.textPair(),
                    labels.get(best),
                    probabilities[best],
                    probabilities,
                    null);
        }
        Calibration calibrated = calibration.orElseThrow();
        double[] probabilities = calibrated.probabilities(logits);
        double quantile = calibrated.quantile(predict.conformityScore(), predict.coverage());
        List<String> set = Arrays.stream(PredictionSets.labels(predict.conformityScore(), probabilities, quantile))
                .boxed()
                .sorted(Comparator.comparingDouble(label -> -probabilities[label]))
                .map(labels::get)
                .toList();
        return new PredictedSet(
                input.index(),
                input.file(),
                input.text(),
                input.textPair(),
                labels.get(best),
                probabilities[best],
                probabilities,
                set,
                set.size() == 1 ? 0 : 1,
                null);
    }

    @Override
    public List<Metric> metrics() {
        return ClassificationMetrics.all();
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        ClassificationMetrics metrics = new ClassificationMetrics(labels);
        Map<String, Integer> ids = new HashMap<>();
        labels.forEach(label -> ids.put(label, ids.size()));
        return new MeasuredRows<>(
                Measured.class,
                metrics,
                row -> metrics.add(
                        ids.getOrDefault(row.label(), -1),
                        ids.getOrDefault(row.prediction(), -1),
                        row.probabilities(),
                        row.loss()));
    }

    @Override
    public Optional<ExampleColumns> exampleColumns() {
        return Optional.of(ExampleColumns.ofEqual("text", "label", "prediction", Optional.of("score"))
                .withSecond("text_pair"));
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-classification", "model(\"some text\")");
    }

    /**
     * Returns accuracy; or macro F1 if a label has more than three times the rows of another, since rare labels hardly
     * affect the accuracy.
     */
    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        long most =
                rowsPerLabel.values().stream().mapToLong(Long::longValue).max().orElse(0);
        long fewest =
                rowsPerLabel.values().stream().mapToLong(Long::longValue).min().orElse(0);
        return most > 3 * fewest ? "f1_macro" : "accuracy";
    }
}
