package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RerankingConfig;
import io.github.sparkfinetune.core.metric.RetrievalMetrics;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Loss of the logits z of the documents of queries. A sample is a query with its documents, and its targets are their
 * relevance y, from 0 to 1.
 *
 * <ul>
 *   <li>{@code binary_cross_entropy}: mean over the documents of -w y log(sigmoid(z)) - (1 - y) log(1 - sigmoid(z)),
 *       where w is {@code reranking.pos_weight}
 *   <li>{@code list_net}: mean over the queries of -Σ p log(q), with p = softmax(y) and q = softmax(z) over the
 *       documents of the query (Cao and others, 2007)
 *   <li>{@code lambda}: mean over the documents that do not belong to their query of -w log2(sigmoid(z1 - z)), where z1
 *       is the logit of the document that does, the first one. With their ranks r1 and r by the logits and D(i) = 1 /
 *       log2(1 + i), the weight is w = 10 (D(|r1 - r|) - D(|r1 - r| + 1)) + |D(r1) - D(r)| (NDCG-Loss2++; Wang and
 *       others, 2018)
 * </ul>
 *
 * <p>Source: {@code BinaryCrossEntropyLoss}, {@code ListNetLoss} and {@code LambdaLoss} of
 * {@code sentence-transformers}.
 */
public abstract sealed class RerankingLoss implements LogitsLoss {
    private final ScriptModule script;

    private RerankingLoss(ScriptModule script) {
        this.script = script;
    }

    /**
     * Returns the loss that a run configures.
     *
     * @param manager owner of the script that computes it, on the model's device
     */
    public static RerankingLoss of(NDManager manager, RerankingConfig reranking) {
        return switch (reranking.loss()) {
            case BINARY_CROSS_ENTROPY -> new OfDocuments(manager, reranking.posWeight());
            case LIST_NET -> new ListNet(manager);
            case LAMBDA -> new Lambda(manager);
        };
    }

    /**
     * Returns the losses of a query by document. The loss of all documents together is that of the first document; a
     * document without a loss has NaN.
     *
     * @param relevance relevance of each document
     */
    public abstract double[] losses(float[] logits, double... relevance);

    /** Returns the result of the script. */
    abstract NDList call(NDManager owner, NDArray logits, NDArray relevance, List<Sample> samples, double scale);

    @Override
    public final NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        double[] relevance = batch.samples().stream()
                .flatMapToDouble(sample -> Arrays.stream(sample.targets()))
                .toArray();
        NDArray targets = Targets.of(owner, new Shape(relevance.length, 1), relevance);
        return call(owner, logits, targets, batch.samples(), weights.scale(0));
    }

    final ScriptModule script() {
        return script;
    }

    private static final class OfDocuments extends RerankingLoss {
        private final double posWeight;

        OfDocuments(NDManager manager, double posWeight) {
            super(ScriptModule.load(manager, List.of("core.objective.binary_cross_entropy"), Map.of()));
            this.posWeight = posWeight;
        }

        @Override
        public TermWeights weights(List<Sample> samples) {
            return TermWeights.of(samples.stream()
                    .mapToDouble(sample -> sample.targets().length)
                    .sum());
        }

        @Override
        NDList call(NDManager owner, NDArray logits, NDArray relevance, List<Sample> samples, double scale) {
            NDArray weight = Targets.of(owner, new Shape(1), posWeight);
            return script().call(owner, "binary_cross_entropy", logits, relevance, weight, scale);
        }

        @Override
        public double[] losses(float[] logits, double... relevance) {
            double[] losses = new double[logits.length];
            for (int i = 0; i < losses.length; i++) {
                double other = 1 - relevance[i];
                losses[i] = other * logits[i] + (posWeight * relevance[i] + other) * Sigmoid.softplus(-logits[i]);
            }
            return losses;
        }
    }

    private abstract static sealed class OfLists extends RerankingLoss {
        static final double MU = 10;

        private final String method;

        /** @param method name of the method of the script */
        OfLists(NDManager manager, String method) {
            super(ScriptModule.load(manager, List.of("core.objective.reranking_loss"), Map.of("mu", MU)));
            this.method = method;
        }

        @Override
        final NDList call(NDManager owner, NDArray logits, NDArray relevance, List<Sample> samples, double scale) {
            int longest = samples.stream()
                    .mapToInt(sample -> sample.targets().length)
                    .max()
                    .orElseThrow();
            long[] places = new long[Math.toIntExact(relevance.size())];
            int at = 0;
            for (int list = 0; list < samples.size(); list++) {
                for (int i = 0; i < samples.get(list).targets().length; i++) {
                    places[at++] = (long) list * longest + i;
                }
            }
            return script().call(
                            owner,
                            method,
                            logits,
                            relevance,
                            Tensors.of(owner, places),
                            samples.size(),
                            longest,
                            scale);
        }
    }

    private static final class ListNet extends OfLists {
        ListNet(NDManager manager) {
            super(manager, "list_net");
        }

        @Override
        public TermWeights weights(List<Sample> samples) {
            return TermWeights.of(samples.size());
        }

        @Override
        public double[] losses(float[] logits, double... relevance) {
            double[] z = new double[logits.length];
            Arrays.setAll(z, i -> logits[i]);
            double logSum = logSumExp(z);
            double expectedLogSum = logSumExp(relevance);
            double[] losses = new double[z.length];
            Arrays.fill(losses, 1, z.length, Double.NaN);
            for (int i = 0; i < z.length; i++) {
                losses[0] += Math.exp(relevance[i] - expectedLogSum) * (logSum - z[i]);
            }
            return losses;
        }

        private static double logSumExp(double... values) {
            double most = Arrays.stream(values).max().orElseThrow();
            return most
                    + Math.log(Arrays.stream(values)
                            .map(value -> Math.exp(value - most))
                            .sum());
        }
    }

    private static final class Lambda extends OfLists {
        Lambda(NDManager manager) {
            super(manager, "lambda_loss");
        }

        @Override
        public TermWeights weights(List<Sample> samples) {
            return TermWeights.of(samples.stream()
                    .mapToDouble(sample -> sample.targets().length - 1.0)
                    .sum());
        }

        @Override
        public double[] losses(float[] logits, double... relevance) {
            double[] losses = new double[logits.length];
            losses[0] = Double.NaN;
            int first = rank(logits, 0);
            for (int i = 1; i < losses.length; i++) {
                int rank = rank(logits, i);
                int between = Math.abs(first - rank);
                double weight = MU * (RetrievalMetrics.discount(between) - RetrievalMetrics.discount(between + 1))
                        + Math.abs(RetrievalMetrics.discount(first) - RetrievalMetrics.discount(rank));
                losses[i] = weight * Sigmoid.softplus((double) logits[i] - logits[0]) / Math.log(2);
            }
            return losses;
        }

        private static int rank(float[] logits, int document) {
            int rank = 1;
            for (int i = 0; i < logits.length; i++) {
                rank += logits[i] > logits[document] || (logits[i] == logits[document] && i < document) ? 1 : 0;
            }
            return rank;
        }
    }
}
