package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.RewardMetrics;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.objective.RewardLoss;
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
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A model that gives an answer a number. */
record RewardModel(NDManager manager, Decoder model, RewardLoss objective) implements TaskModel {
    private double loss(Sample pair, float... rewards) {
        return objective.of(rewards[0], rewards[1], pair.targets()[0]);
    }

    @Override
    public Scorer scorer() {
        RewardMetrics metrics = new RewardMetrics();
        return Scorer.of(metrics, (samples, batchSize) -> {
            float[][] rewards = Inference.logits(manager, model, samples, batchSize);
            for (int i = 0; i < rewards.length; i++) {
                metrics.add(loss(samples.get(i), rewards[i]), rewards[i][0], rewards[i][1]);
            }
        });
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings);
    }

    private final class Rows extends BlockwisePredictor<RewardTask.Evaluated> {
        private final int batchSize;
        private final TextTokenizer tokenizer;

        Rows(PredictionSettings settings) {
            super(BATCHES * settings.batchSize());
            batchSize = settings.batchSize();
            tokenizer = TextTokenizer.open(settings.tokenizer());
        }

        @Override
        protected List<RewardTask.Evaluated> evaluate(List<Sample> pairs) {
            float[][] rewards = Inference.logits(manager, model, pairs, batchSize);
            List<RewardTask.Evaluated> rows = new ArrayList<>();
            for (int i = 0; i < rewards.length; i++) {
                Sample pair = pairs.get(i);
                int first = pair.documents()[0];
                double better = rewards[i][0];
                double worse = rewards[i][1];
                rows.add(new RewardTask.Evaluated(
                        pair.index(),
                        tokenizer.decodeWhole(Arrays.copyOf(pair.inputIds(), first)),
                        tokenizer.decodeWhole(Arrays.copyOfRange(pair.inputIds(), first, pair.length())),
                        better,
                        worse,
                        better - worse,
                        better > worse ? 1 : 0,
                        loss(pair, rewards[i])));
            }
            return rows;
        }

        @Override
        protected List<PredictedRow> predict(List<TaskInput> block) {
            float[][] rewards = Inference.logitsOfInputs(manager, model, block, batchSize);
            return PredictedRow.of(RowType.of(RewardTask.Predicted.class), block, i -> {
                TaskInput input = block.get(i);
                return new RewardTask.Predicted(
                        input.index(), input.file(), input.text(), (double) rewards[i][0], null);
            });
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
