package io.github.sparkfinetune.core.task.retrieval;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.metric.SimilarityMetrics;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.EmbeddingLoss;
import io.github.sparkfinetune.core.rank.UnitVectors;
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

/** A model that embeds texts. */
record EmbeddingModel(NDManager manager, Model model, EmbeddingConfig embedding, EmbeddingLoss objective)
        implements TaskModel {
    @Override
    public Scorer scorer() {
        return embedding.comparesScores() ? scoredPairs() : new RankedPairs();
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings);
    }

    /** Vectors of the first two texts of a sample. */
    private record PairVectors(float[] text, float[] pair) {
        static PairVectors of(float[] vectors, int width) {
            return new PairVectors(Arrays.copyOf(vectors, width), Arrays.copyOfRange(vectors, width, 2 * width));
        }

        double cosine() {
            return UnitVectors.product(UnitVectors.unit(text), UnitVectors.unit(pair));
        }
    }

    /** Returns the vectors of the first two texts of samples. */
    private List<PairVectors> vectors(List<Sample> samples, int batchSize) {
        List<Sample> pairs = samples.stream().map(EmbeddingModel::pair).toList();
        int width = model.width();
        return Arrays.stream(Inference.logits(manager, model, pairs, batchSize))
                .map(vectors -> PairVectors.of(vectors, width))
                .toList();
    }

    /** Returns a sample without the texts that do not belong to its first text. */
    private static Sample pair(Sample sample) {
        int[] documents = sample.documents();
        int tokens = documents[0] + documents[1];
        return new Sample(
                sample.index(),
                Arrays.copyOf(sample.inputIds(), tokens),
                Arrays.copyOf(sample.tokenTypeIds(), tokens),
                sample.label(),
                new int[0],
                Arrays.copyOf(documents, 2),
                sample.targets(),
                sample.window());
    }

    private final class RankedPairs implements Scorer {
        private final EmbeddedPairs pairs = new EmbeddedPairs(embedding.scale());

        @Override
        public void add(List<Sample> samples, int batchSize) {
            List<PairVectors> vectors = vectors(samples, batchSize);
            for (int i = 0; i < samples.size(); i++) {
                pairs.add(new EmbeddedPairs.Pair(
                        samples.get(i).documentId(0),
                        UnitVectors.unit(vectors.get(i).text()),
                        samples.get(i).documentId(1),
                        UnitVectors.unit(vectors.get(i).pair())));
            }
        }

        @Override
        public Metrics metrics() {
            return pairs.measured(new SingleRank());
        }

        @Override
        public Metrics metrics(Collective ranks) {
            return pairs.measured(ranks);
        }
    }

    private Scorer scoredPairs() {
        SimilarityMetrics metrics = new SimilarityMetrics(embedding.scale());
        return Scorer.of(metrics, (samples, batchSize) -> {
            List<PairVectors> vectors = vectors(samples, batchSize);
            for (int i = 0; i < samples.size(); i++) {
                metrics.add(vectors.get(i).cosine(), samples.get(i).targets()[0]);
            }
        });
    }

    private final class Rows extends BlockwisePredictor<EmbeddingTask.Evaluated> {
        private final int batchSize;
        private final TextTokenizer tokenizer;

        Rows(PredictionSettings settings) {
            super(BATCHES * settings.batchSize());
            batchSize = settings.batchSize();
            tokenizer = TextTokenizer.open(settings.tokenizer());
        }

        @Override
        protected List<EmbeddingTask.Evaluated> evaluate(List<Sample> samples) {
            List<PairVectors> vectors = vectors(samples, batchSize);
            List<EmbeddingTask.Evaluated> rows = new ArrayList<>();
            for (int i = 0; i < samples.size(); i++) {
                Sample sample = samples.get(i);
                rows.add(new EmbeddingTask.Evaluated(
                        sample.index(),
                        text(sample, 0),
                        text(sample, 1),
                        vectors.get(i).cosine(),
                        sample.targets().length == 0 ? null : (Double) sample.targets()[0],
                        sample.documentId(0),
                        sample.documentId(1),
                        vectors.get(i).text(),
                        vectors.get(i).pair()));
            }
            return rows;
        }

        private String text(Sample sample, int document) {
            return tokenizer.decode(sample.document(document).inputIds());
        }

        @Override
        protected List<PredictedRow> predict(List<TaskInput> block) {
            float[][] vectors = Inference.logitsOfInputs(manager, model, block, batchSize);
            return PredictedRow.of(RowType.of(EmbeddingTask.Predicted.class), block, i -> {
                TaskInput input = block.get(i);
                return new EmbeddingTask.Predicted(input.index(), input.file(), input.text(), vectors[i], null);
            });
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
