package io.github.sparkfinetune.core.task.retrieval;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.metric.RerankingMetrics;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.RerankingLoss;
import io.github.sparkfinetune.core.task.BlockwiseIterator;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.retrieval.RankedTexts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/** A model that scores pairs of a query and a document. */
record RerankingModel(NDManager manager, Model model, RerankingLoss objective) implements TaskModel {
    /** Number of batches of a block, in which samples of similar length share a batch. */
    private static final int BATCHES = 8;

    @Override
    public Scorer scorer() {
        RerankingMetrics metrics = new RerankingMetrics();
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                float[][] logits = Inference.logits(manager, model, samples, batchSize);
                for (int i = 0; i < logits.length; i++) {
                    Sample sample = samples.get(i);
                    String query = RankedTexts.of(sample.window().row()).query();
                    for (int d = 0; d < logits[i].length; d++) {
                        metrics.add(query, Sigmoid.probability(logits[i][d]), sample.targets()[d]);
                    }
                    Arrays.stream(objective.losses(logits[i], sample.targets()))
                            .filter(loss -> !Double.isNaN(loss))
                            .forEach(metrics::add);
                }
            }

            @Override
            public Metrics metrics() {
                return metrics;
            }
        };
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings.batchSize());
    }

    private final class Rows implements TaskPredictor {
        private final int batchSize;

        Rows(int batchSize) {
            this.batchSize = batchSize;
        }

        @Override
        public Iterator<RerankingTask.Evaluated> evaluate(
                SampleSource split, List<String> labels, int part, int parts) {
            return new BlockwiseIterator<>(split.part(part, parts), BATCHES * batchSize, this::evaluate);
        }

        private List<RerankingTask.Evaluated> evaluate(List<Sample> samples) {
            float[][] logits = Inference.logits(manager, model, samples, batchSize);
            List<RerankingTask.Evaluated> rows = new ArrayList<>();
            for (int i = 0; i < logits.length; i++) {
                Sample sample = samples.get(i);
                RankedTexts texts = RankedTexts.of(sample.window().row());
                double[] losses = objective.losses(logits[i], sample.targets());
                for (int d = 0; d < logits[i].length; d++) {
                    rows.add(new RerankingTask.Evaluated(
                            sample.index(),
                            d,
                            texts.query(),
                            texts.documents().get(d),
                            Sigmoid.probability(logits[i][d]),
                            sample.targets()[d],
                            Double.isNaN(losses[d]) ? null : Double.valueOf(losses[d])));
                }
            }
            return rows;
        }

        @Override
        public Iterator<PredictedRow> predict(Iterator<TaskInput> inputs) {
            return new BlockwiseIterator<>(inputs, BATCHES * batchSize, this::predict);
        }

        private List<PredictedRow> predict(List<TaskInput> block) {
            float[][] logits = Inference.logitsOfInputs(manager, model, block, batchSize);
            return PredictedRow.of(RowType.of(RerankingTask.Predicted.class), block, i -> {
                TaskInput input = block.get(i);
                double score = Sigmoid.probability(logits[i][0]);
                return new RerankingTask.Predicted(
                        input.index(), input.file(), input.text(), input.textPair(), score, null);
            });
        }

        @Override
        public void close() {}
    }
}
