package io.github.sparkfinetune.core.task;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.ClassificationMetrics;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.objective.ClassificationLoss;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * One label a text ({@code ForSequenceClassification}, {@code single_label_classification}).
 *
 * <p>Columns of an evaluation: {@code index} (place in the split), {@code label}, {@code prediction},
 * {@code probabilities} (in the order of the label ids), {@code loss} (cross-entropy). Columns of a prediction:
 * {@code index} (place of the row in the source), {@code file}, {@code text}, {@code text_pair}, {@code prediction},
 * {@code score} (its probability), {@code probabilities} (in the order of the model's label ids), {@code error} (why a
 * row could not be used; then the three columns before it are null).
 */
final class ClassificationTask implements TaskSpec {
    private static final EncoderKind KIND = new EncoderKind(HeadKind.SEQUENCE_CLASSIFICATION);

    @Override
    public EncoderKind modelKind() {
        return KIND;
    }

    @Override
    public SequenceClassifier load(Pretrained base, int classes, Adaptation adaptation, long seed) {
        return new SequenceClassifier(
                base.manager(),
                KIND.load(base, classes, adaptation, seed),
                new ClassificationLoss(base.manager(), Optional.empty()),
                classes);
    }

    @Override
    public int classes(HfConfig trained) {
        return trained.numLabels();
    }

    @Override
    public String peftTaskType() {
        return "SEQ_CLS";
    }

    @Override
    public List<Metric> metrics() {
        return ClassificationMetrics.all();
    }

    @Override
    public String lossUnit() {
        return "sample";
    }

    @Override
    public List<Column> evaluationColumns() {
        return List.of(
                required("index", Column.Type.LONG),
                required("label", Column.Type.STRING),
                required("prediction", Column.Type.STRING),
                required("probabilities", Column.Type.DOUBLES),
                required("loss", Column.Type.DOUBLE));
    }

    @Override
    public List<String> keyColumns() {
        return List.of("index");
    }

    @Override
    public List<String> metricColumns() {
        return List.of("label", "prediction", "probabilities", "loss");
    }

    @Override
    public ClassificationMetrics metrics(Iterator<Object[]> rows, List<String> labels) {
        ClassificationMetrics metrics = new ClassificationMetrics(labels.size());
        rows.forEachRemaining(
                row -> metrics.add(labels.indexOf(row[0]), labels.indexOf(row[1]), (double[]) row[2], (Double) row[3]));
        return metrics;
    }

    @Override
    public List<Column> predictionColumns() {
        return List.of(
                required("index", Column.Type.LONG),
                nullable("file", Column.Type.STRING),
                nullable("text", Column.Type.STRING),
                nullable("text_pair", Column.Type.STRING),
                nullable("prediction", Column.Type.STRING),
                nullable("score", Column.Type.DOUBLE),
                nullable("probabilities", Column.Type.DOUBLES),
                nullable("error", Column.Type.STRING));
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asSequenceClassifier(className, labels, dtype);
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-classification", "model(\"some text\")");
    }
}
