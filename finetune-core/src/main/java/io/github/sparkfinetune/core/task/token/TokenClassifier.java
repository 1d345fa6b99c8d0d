package io.github.sparkfinetune.core.task.token;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.SequenceLabelingMetrics;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.TokenClassificationLoss;
import io.github.sparkfinetune.core.task.BlockwisePredictor;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.tag.Words;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A classifier of words.
 *
 * @param labels names of the labels by id
 */
record TokenClassifier(NDManager manager, Model model, TokenClassificationLoss objective, List<String> labels)
        implements TaskModel {
    private List<WordLogits> rows(List<Sample> windows, int batchSize) {
        return WordLogits.ofRows(windows, Inference.logits(manager, model, windows, batchSize), labels.size());
    }

    @Override
    public Scorer scorer() {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(labels);
        return Scorer.of(metrics, (samples, batchSize) -> {
            for (WordLogits row : rows(samples, batchSize)) {
                metrics.add(row.tags(labels), row.predicted(labels), row.loss());
            }
        });
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings);
    }

    private final class Rows extends BlockwisePredictor<TokenClassificationTask.Evaluated> {
        private final PredictionSettings settings;
        private final boolean entities;

        Rows(PredictionSettings settings) {
            super(BATCHES * settings.batchSize());
            this.settings = settings;
            this.entities = TaggedSpans.areOfEntities(labels);
        }

        @Override
        public Iterator<TokenClassificationTask.Evaluated> evaluate(
                SampleSource split, List<String> ofDataset, int part, int parts) {
            settings.requireLabels(ofDataset);
            return super.evaluate(split, ofDataset, part, parts);
        }

        @Override
        protected List<TokenClassificationTask.Evaluated> evaluate(List<Sample> windows) {
            List<List<Sample>> texts = Sample.rows(windows);
            List<WordLogits> found = rows(windows, settings.batchSize());
            List<TokenClassificationTask.Evaluated> rows = new ArrayList<>();
            for (int i = 0; i < found.size(); i++) {
                WordLogits row = found.get(i);
                Sample first = texts.get(i).get(0);
                Words words = Words.parse(first.window().row());
                rows.add(new TokenClassificationTask.Evaluated(
                        first.index(),
                        words.text(),
                        words.list(),
                        row.tags(labels),
                        row.predicted(labels),
                        row.loss() / row.size(),
                        row.size()));
            }
            return rows;
        }

        @Override
        protected List<PredictedRow> predict(List<TaskInput> block) {
            Iterator<WordLogits> found = rows(
                            block.stream()
                                    .flatMap(input -> input.samples().stream())
                                    .toList(),
                            settings.batchSize())
                    .iterator();
            return PredictedRow.of(
                    RowType.of(TokenClassificationTask.Predicted.class), block, i -> row(block.get(i), found.next()));
        }

        private TokenClassificationTask.Predicted row(TaskInput input, WordLogits found) {
            Words words = Words.parse(input.sample().window().row());
            return new TokenClassificationTask.Predicted(
                    input.index(),
                    input.file(),
                    input.text(),
                    entities ? TaggedSpans.entities(words, found, labels) : null,
                    entities ? null : TaggedSpans.tags(words, found, labels),
                    null);
        }
    }
}
