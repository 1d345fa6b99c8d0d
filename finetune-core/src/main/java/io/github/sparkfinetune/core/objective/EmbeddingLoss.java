package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Loss of embeddings. It is the sum of a loss over several widths: the whole vectors, and with
 * {@code embedding.matryoshka_dims} their first elements ({@code MatryoshkaLoss} of {@code sentence-transformers} with
 * equal weights).
 */
public abstract sealed class EmbeddingLoss implements Objective, JointLoss permits RankingLoss, CosentLoss {
    /** Number of anchors whose similarities are in memory at once. */
    private static final int ROWS_AT_ONCE = 256;

    private final double scale;
    private final long[] widths;
    private final ScriptModule script;

    EmbeddingLoss(NDManager manager, EmbeddingConfig embedding, int width) {
        this.scale = embedding.scale();
        this.widths = widths(embedding, width);
        this.script = ScriptModule.load(
                manager,
                List.of("core.objective.embedding_loss"),
                Map.of("scale", scale, "rows_at_once", ROWS_AT_ONCE));
    }

    /**
     * Returns the loss that a run configures.
     *
     * @param manager owner of the script that computes it, on the model's device
     * @param width number of elements of a vector
     * @throws RunException if {@code embedding.matryoshka_dims} has a number that is not below the width
     */
    public static EmbeddingLoss of(NDManager manager, EmbeddingConfig embedding, int width) {
        return switch (embedding.loss()) {
            case MULTIPLE_NEGATIVES_RANKING -> new RankingLoss(manager, embedding, width);
            case COSENT -> new CosentLoss(manager, embedding, width);
        };
    }

    private static long[] widths(EmbeddingConfig embedding, int width) {
        for (int dim : embedding.matryoshkaDims()) {
            if (dim >= width) {
                throw RunException.config("embedding.matryoshka_dims: " + dim + " is not below " + width
                        + ", the model's hidden size, which is trained anyway: remove it");
            }
        }
        return LongStream.concat(
                        LongStream.of(width),
                        embedding.matryoshkaDims().stream().mapToLong(Integer::longValue))
                .toArray();
    }

    final double scale() {
        return scale;
    }

    final long[] widths() {
        return widths.clone();
    }

    final ScriptModule script() {
        return script;
    }

    @Override
    public final Optional<JointLoss> joint() {
        return Optional.of(this);
    }

    @Override
    public final TermWeights weights(List<Sample> samples) {
        return TermWeights.of(samples.size());
    }

    /** Returns the loss of a batch whose samples are compared with each other only. */
    @Override
    public final Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add) {
        List<NDArray> embeddings = List.of(outputs.get(Model.SENTENCE_EMBEDDING));
        return losses(owner, embeddings, List.of(batch.samples()), weights, new SingleRank())
                .get(0);
    }

    /**
     * Returns the losses of micro-batches, given the loss of each of their samples and the gradient by their texts.
     *
     * @param losses loss of each sample, [samples]
     * @param gradient gradient by each text, [texts, hidden]
     */
    static List<Loss> byBatch(List<NDArray> outputs, List<List<Sample>> batches, NDArray losses, NDArray gradient) {
        List<Loss> all = new ArrayList<>();
        long sample = 0;
        long text = 0;
        for (int i = 0; i < batches.size(); i++) {
            long samples = batches.get(i).size();
            long texts = outputs.get(i).getShape().get(0);
            NDList result = new NDList(
                    losses.get(range(sample, sample + samples)).sum().reshape(1),
                    gradient.get(range(text, text + texts)));
            all.add(Loss.of(result, Model.SENTENCE_EMBEDDING));
            sample += samples;
            text += texts;
        }
        return all;
    }

    private static String range(long from, long to) {
        return from + ":" + to;
    }

    /** Returns the texts of micro-batches as one tensor, [texts, hidden]. */
    static NDArray joined(List<NDArray> outputs) {
        return outputs.size() == 1 ? outputs.get(0) : NDArrays.concat(new NDList(outputs));
    }
}
