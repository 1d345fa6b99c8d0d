package io.github.sparkfinetune.core.task.question;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import io.github.sparkfinetune.core.metric.QuestionAnsweringMetrics;
import io.github.sparkfinetune.core.metric.SquadScore;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.objective.QuestionAnsweringLoss;
import io.github.sparkfinetune.core.task.BlockwisePredictor;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.question.QuestionRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/** A model that extracts answers to questions from texts. */
record QuestionAnswerer(
        NDManager manager, Encoder model, QuestionAnsweringLoss objective, QuestionAnsweringConfig settings)
        implements TaskModel {
    /** Number of windows or questions of a block: enough that samples of similar length share a batch. */
    private static final int BLOCK = 512;

    @Override
    public Scorer scorer() {
        // The best threshold is derived from the scores.
        QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
        return Scorer.of(metrics, (samples, batchSize) -> {
            for (FoundAnswer answer : answers(Sample.rows(samples), batchSize)) {
                metrics.addWindows(loss(answer), answer.windows().size());
                if (settings.version2WithNegative()) {
                    metrics.add(answer.score(answer.text()), answer.found().preference());
                } else {
                    metrics.add(answer.score(answer.text()));
                }
            }
        });
    }

    private List<FoundAnswer> answers(List<List<Sample>> questions, int batchSize) {
        AnswerSearch search = AnswerSearch.of(settings);
        List<Sample> windows = questions.stream().flatMap(List::stream).toList();
        Iterator<float[]> logits = Arrays.asList(Inference.logits(manager, model, windows, batchSize))
                .iterator();
        List<FoundAnswer> answers = new ArrayList<>();
        for (List<Sample> question : questions) {
            List<float[]> own = question.stream().map(window -> logits.next()).toList();
            List<int[]> offsets =
                    question.stream().map(window -> window.window().offsets()).toList();
            answers.add(new FoundAnswer(
                    question, QuestionRow.of(question.get(0).window().row()), search.search(own, offsets), own));
        }
        return answers;
    }

    /** Returns the sum of the losses of a question's windows. */
    private double loss(FoundAnswer answer) {
        double sum = 0;
        for (int i = 0; i < answer.windows().size(); i++) {
            sum += objective.loss(answer.windows().get(i), answer.logits().get(i));
        }
        return sum;
    }

    @Override
    public TaskPredictor predictor(PredictionSettings prediction) {
        return new Rows(prediction);
    }

    private final class Rows extends BlockwisePredictor<QuestionAnsweringTask.Evaluated> {
        private final int batchSize;
        /** Preference for no answer above which no answer is predicted. */
        private final double threshold;

        Rows(PredictionSettings prediction) {
            super(BLOCK);
            this.batchSize = prediction.batchSize();
            this.threshold = settings.version2WithNegative()
                    ? prediction.model().number(0, QuestionAnsweringTask.THRESHOLD)
                    : Double.POSITIVE_INFINITY;
        }

        @Override
        protected List<QuestionAnsweringTask.Evaluated> evaluate(List<Sample> block) {
            return answers(Sample.rows(block), batchSize).stream()
                    .map(this::evaluated)
                    .toList();
        }

        private QuestionAnsweringTask.Evaluated evaluated(FoundAnswer answer) {
            String predicted = answer.isPredicted(threshold) ? answer.text() : null;
            SquadScore score = answer.score(predicted == null ? "" : predicted);
            int windows = answer.windows().size();
            return new QuestionAnsweringTask.Evaluated(
                    answer.windows().get(0).index(),
                    answer.asked().id(),
                    answer.asked().question(),
                    answer.asked().answers(),
                    predicted,
                    answer.score(),
                    answer.found().noAnswer(),
                    score.exact(),
                    score.f1(),
                    loss(answer) / windows,
                    windows);
        }

        @Override
        protected List<PredictedRow> predict(List<TaskInput> block) {
            Iterator<FoundAnswer> answers = answers(
                            block.stream()
                                    .filter(input -> input.error() == null)
                                    .map(TaskInput::samples)
                                    .toList(),
                            batchSize)
                    .iterator();
            return PredictedRow.of(
                    RowType.of(QuestionAnsweringTask.Predicted.class),
                    block,
                    i -> predicted(block.get(i), answers.next()));
        }

        private QuestionAnsweringTask.Predicted predicted(TaskInput input, FoundAnswer answer) {
            AnswerSearch.Answer predicted =
                    answer.isPredicted(threshold) ? answer.found().best() : null;
            return new QuestionAnsweringTask.Predicted(
                    input.index(),
                    input.file(),
                    answer.asked().id(),
                    input.text(),
                    input.textPair(),
                    predicted == null ? null : answer.text(),
                    predicted == null ? null : (Integer) answer.points(predicted.start()),
                    predicted == null ? null : (Integer) answer.points(predicted.end()),
                    answer.score(),
                    answer.found().noAnswer(),
                    null);
        }
    }
}
