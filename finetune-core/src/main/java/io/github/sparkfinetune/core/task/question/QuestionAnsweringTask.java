package io.github.sparkfinetune.core.task.question;

import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.QuestionAnsweringMetrics;
import io.github.sparkfinetune.core.metric.SquadScore;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.QuestionAnsweringLoss;
import io.github.sparkfinetune.core.task.EncoderKind;
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
import java.util.Set;
import java.util.stream.Stream;

/**
 * Extraction of a question's answer from a text ({@code ForQuestionAnswering}).
 *
 * <p>Columns of an evaluation, one row per question: {@code index} (of the first window in the split), {@code id},
 * {@code question}, {@code answers} (of the data; empty without an answer), {@code prediction} (null for no answer),
 * {@code score} (of the best answer, even if not predicted, see {@link AnswerSearch}), {@code no_answer_score},
 * {@code exact_match} and {@code f1} (0 to 1, against the best match of the answers), {@code loss} (mean over the
 * windows), {@code windows} (number of windows). Columns of a prediction: {@code index} (of the row in the source),
 * {@code file}, {@code id}, {@code question}, {@code context} (both cleaned), {@code answer} (null for no answer),
 * {@code start} and {@code end} (of the answer in the context, in code points, as SQuAD's {@code answer_start}; the end
 * is exclusive), {@code score}, {@code no_answer_score}, {@code error} (reason for an unusable row; then all columns
 * but index and file are null).
 *
 * <p>With {@code version_2_with_negative} no answer is predicted if {@code no_answer_score - score} is above a
 * threshold. The threshold is that of the best F1 on the evaluation rows, if some have an answer and some do not; else
 * it is 0. The trained model's {@code config.json} has the threshold as {@value #THRESHOLD}.
 */
public record QuestionAnsweringTask(QuestionAnsweringConfig settings, int maxLength) implements TaskSpec {
    /** Key in a trained model's configuration. */
    static final String THRESHOLD = QuestionAnsweringMetrics.THRESHOLD;

    /** Upper bound of the differences between logits from batches of different sizes. */
    private static final double ROUNDING = 1e-4;

    private static final EncoderKind KIND = new EncoderKind(HeadKind.QUESTION_ANSWERING);

    public static QuestionAnsweringTask of(RunConfig config) {
        return new QuestionAnsweringTask(
                config.questionAnswering(), config.data().maxLength());
    }

    @Override
    public EncoderKind modelKind() {
        return KIND;
    }

    @Override
    public QuestionAnswerer load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        int padded = settings.padToMaxLength() ? maxLength : 0;
        Encoder model = KIND.load(base, labels.size(), adaptation, seed).paddedTo(padded);
        return new QuestionAnswerer(base.manager(), model, new QuestionAnsweringLoss(base.manager(), padded), settings);
    }

    @Override
    public int paddedLength(int longest) {
        return settings.padToMaxLength() ? maxLength : longest;
    }

    @Override
    public List<Metric> metrics() {
        return QuestionAnsweringMetrics.all();
    }

    /** Returns the metrics that every evaluation split defines. */
    @Override
    public List<Metric> trainingMetrics() {
        Set<String> always = Set.of("loss", "exact_match", "f1");
        Set<String> ofThresholds = Set.of("best_exact", "best_f1");
        return metrics().stream()
                .filter(metric -> always.contains(metric.name())
                        || (settings.version2WithNegative() && ofThresholds.contains(metric.name())))
                .toList();
    }

    @Override
    public String lossUnit() {
        return "sample";
    }

    record Evaluated(
            long index,
            @Nullable String id,
            String question,
            List<String> answers,
            @Nullable String prediction,
            Double score,
            double noAnswerScore,
            double exactMatch,
            double f1,
            double loss,
            int windows) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String id,
            @Nullable String question,
            @Nullable String context,
            @Nullable String answer,
            Integer start,
            Integer end,
            Double score,
            Double noAnswerScore,
            @Nullable String error)
            implements PredictedRow {}

    private record Measured(List<String> answers, @Nullable String prediction, double loss, int windows) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
        return new MeasuredRows<>(Measured.class, metrics, row -> {
            String prediction = row.prediction() == null ? "" : row.prediction();
            // The threshold is applied already.
            metrics.add(SquadScore.of(prediction, row.answers()));
            metrics.addWindows(row.loss() * row.windows(), row.windows());
        });
    }

    @Override
    public Optional<ExampleColumns> exampleColumns() {
        return Optional.of(new ExampleColumns(
                "question",
                Optional.empty(),
                "answers",
                "prediction",
                Optional.of("exact_match"),
                Optional.of("score")));
    }

    @Override
    public RowType<Predicted> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    public String predictionColumn() {
        return "answer";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asQuestionAnswerer(className, dtype).with(THRESHOLD, null);
    }

    @Override
    public HfConfig tunedConfig(HfConfig saved, Map<String, Double> eval) {
        boolean bothKinds = Stream.of("HasAns_f1", "NoAns_f1", THRESHOLD).allMatch(eval::containsKey);
        return settings.version2WithNegative() && bothKinds
                ? saved.with(THRESHOLD, eval.get(THRESHOLD) + ROUNDING)
                : saved;
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("question-answering", "model(question=\"some question\", context=\"some text\")");
    }

    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        return "f1";
    }
}
