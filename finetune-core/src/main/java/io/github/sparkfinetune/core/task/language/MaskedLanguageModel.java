package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.MaskedLanguageModelMetrics;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
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
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/** A masked language model, which predicts the tokens with a label. */
record MaskedLanguageModel(NDManager manager, Encoder model, VocabularyLoss objective) implements TaskModel {
    /** Number of rows of a block: enough that samples of similar length share a batch. */
    private static final int BLOCK = 512;

    /**
     * Loss and hits of a sample's tokens with a label.
     *
     * @param loss sum of the tokens' cross-entropies, in nats
     * @param tokens number of tokens
     * @param correct number of tokens whose label is the most probable token
     */
    private record SampleLoss(double loss, long tokens, long correct) {}

    @Override
    public Scorer scorer() {
        MaskedLanguageModelMetrics metrics = new MaskedLanguageModelMetrics();
        return Scorer.of(metrics, (samples, batchSize) -> {
            for (SampleLoss sample : losses(samples, batchSize)) {
                metrics.add(sample.loss(), sample.tokens(), sample.correct());
            }
        });
    }

    private SampleLoss[] losses(List<Sample> samples, int batchSize) {
        SampleLoss[] all = new SampleLoss[samples.size()];
        Inference.byLength(manager, model, samples, batchSize, (owner, indices, batch, output) -> {
            VocabularyLoss.TokenLosses tokens = objective.tokenLosses(owner, output, batch);
            int from = 0;
            for (int index : indices) {
                int to = from + samples.get(index).labelledTokens();
                double loss = 0;
                long correct = 0;
                for (int i = from; i < to; i++) {
                    loss += tokens.losses()[i];
                    correct += tokens.hits()[i] == 1 ? 1 : 0;
                }
                all[index] = new SampleLoss(loss, to - from, correct);
                from = to;
            }
        });
        return all;
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(TextTokenizer.open(settings.tokenizer()), settings.batchSize());
    }

    private final class Rows extends BlockwisePredictor<MaskedLmTask.Evaluated> {
        private final TextTokenizer tokenizer;
        private final int batchSize;

        Rows(TextTokenizer tokenizer, int batchSize) {
            super(BLOCK);
            this.tokenizer = tokenizer;
            this.batchSize = batchSize;
        }

        @Override
        protected List<MaskedLmTask.Evaluated> evaluate(List<Sample> block) {
            SampleLoss[] all = losses(block, batchSize);
            return IntStream.range(0, all.length)
                    .mapToObj(i -> new MaskedLmTask.Evaluated(
                            block.get(i).index(),
                            all[i].tokens(),
                            all[i].correct(),
                            all[i].tokens() == 0 ? null : (Double) (all[i].loss() / all[i].tokens())))
                    .toList();
        }

        @Override
        protected List<PredictedRow> predict(List<TaskInput> block) {
            List<Sample> samples = block.stream()
                    .filter(input -> input.error() == null)
                    .map(TaskInput::sample)
                    .toList();
            Iterator<List<MaskedLmTask.Filled>> predictions = fill(samples).iterator();
            return PredictedRow.of(RowType.of(MaskedLmTask.Predicted.class), block, i -> {
                TaskInput input = block.get(i);
                return new MaskedLmTask.Predicted(input.index(), input.file(), input.text(), predictions.next(), null);
            });
        }

        /** Returns the tokens for the masks of each sample. */
        private List<List<MaskedLmTask.Filled>> fill(List<Sample> samples) {
            List<List<MaskedLmTask.Filled>> filled = new ArrayList<>(Collections.nCopies(samples.size(), null));
            int count = Math.min(MaskedLmTask.TOP_K, model.shape().vocabulary());
            Inference.byLength(manager, model, samples, batchSize, (owner, indices, batch, output) -> {
                VocabularyLoss.Likeliest likeliest = objective.likeliest(owner, output, count);
                int from = 0;
                for (int index : indices) {
                    int first = from;
                    int masks = samples.get(index).labelledTokens();
                    filled.set(
                            index,
                            IntStream.range(0, masks * count)
                                    .mapToObj(i -> filled(likeliest, first, i / count, i % count))
                                    .toList());
                    from += masks;
                }
            });
            return filled;
        }

        private MaskedLmTask.Filled filled(VocabularyLoss.Likeliest likeliest, int first, int mask, int rank) {
            int id = likeliest.ids()[first + mask][rank];
            return new MaskedLmTask.Filled(
                    mask, likeliest.probabilities()[first + mask][rank], id, tokenizer.decodeWhole(new int[] {id}));
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
