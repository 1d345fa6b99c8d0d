package io.github.sparkfinetune.core.task.retrieval;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.RerankingMetrics;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.RerankingLoss;
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
import io.github.sparkfinetune.data.task.retrieval.RankedTexts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A model that scores pairs of a query and a document. */
record RerankingModel(NDManager manager, Model model, RerankingLoss objective) implements TaskModel {
    @Override
    public Scorer scorer() {
        RerankingMetrics metrics = new RerankingMetrics();
        return Scorer.of(metrics, (samples, batchSize) -> {
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
        });
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings.batchSize());
    }

    private final class Rows extends BlockwisePredictor<RerankingTask.Evaluated> {
        private final int batchSize;

        Rows(int batchSize) {
            super(BATCHES * batchSize);
            this.batchSize = batchSize;
        }

        @Override
        protected List<RerankingTask.Evaluated> evaluate(List<Sample> samples) {
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
        protected List<PredictedRow> predict(List<TaskInput> block) {
            float[][] logits = Inference.logitsOfInputs(manager, model, block, batchSize);
            return PredictedRow.of(RowType.of(RerankingTask.Predicted.class), block, i -> {
                TaskInput input = block.get(i);
                double score = Sigmoid.probability(logits[i][0]);
                return new RerankingTask.Predicted(
                        input.index(), input.file(), input.text(), input.textPair(), score, null);
            });
        }
    }
}
