package io.github.sparkfinetune.core.task.token;

import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.SequenceLabelingMetrics;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.TokenClassificationLoss;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.ExampleColumns;
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
import java.util.Optional;

/**
 * Classification of words ({@code ForTokenClassification}).
 *
 * <p>Columns of an evaluation, one row per text: {@code index} (of the text's first sample in the split), {@code text}
 * (a list of words is joined by spaces), {@code words} (words that have a token), {@code tags} and {@code predicted}
 * (of each word), {@code loss} (mean cross-entropy of the words), {@code tokens} (number of these words). Columns of a
 * prediction: {@code index} (of the row in the source), {@code file}, {@code text}, {@code entities} if labels are
 * B-TYPE and I-TYPE, else {@code tags} of all words, see {@link TaggedSpans}; {@code error} (reason for an unusable
 * row; then the three columns before it are null).
 */
public final class TokenClassificationTask implements TaskSpec {
    private static final AnyModelKind KIND = new AnyModelKind(HeadKind.TOKEN_CLASSIFICATION);

    @Override
    public AnyModelKind modelKind() {
        return KIND;
    }

    @Override
    public TokenClassifier load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        return new TokenClassifier(
                base.manager(),
                KIND.load(base, labels.size(), adaptation, seed),
                new TokenClassificationLoss(base.manager()),
                labels.names());
    }

    @Override
    public Labels labels(HfConfig trained) {
        return Labels.of(trained);
    }

    @Override
    public List<Metric> metrics() {
        return SequenceLabelingMetrics.all();
    }

    @Override
    public String lossUnit() {
        return "word";
    }

    record Evaluated(
            long index,
            String text,
            List<String> words,
            List<String> tags,
            List<String> predicted,
            double loss,
            long tokens) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable List<TaggedSpans.Span> entities,
            @Nullable List<TaggedSpans.Span> tags,
            @Nullable String error)
            implements PredictedRow {}

    private record Measured(List<String> tags, List<String> predicted, double loss, long tokens) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(labels);
        return new MeasuredRows<>(
                Measured.class, metrics, row -> metrics.add(row.tags(), row.predicted(), row.loss() * row.tokens()));
    }

    @Override
    public Optional<ExampleColumns> exampleColumns() {
        return Optional.of(ExampleColumns.ofEqual("words", "tags", "predicted", Optional.empty()));
    }

    @Override
    public RowType<Predicted> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    public String predictionColumn() {
        return "entities";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asTokenClassifier(className, labels, dtype);
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("token-classification", "model(\"some text\", aggregation_strategy=\"first\")");
    }

    /** Returns F1 for entities, and accuracy for other tags, such as parts of speech. */
    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        return rowsPerLabel.keySet().stream().anyMatch(tag -> tag.startsWith("B-")) ? "f1" : "accuracy";
    }
}
