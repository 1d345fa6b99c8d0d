package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A loss of the likelihood of whole answers: the mean over samples of a function of the log-probabilities of the
 * sample's documents. A document's log-probability is the sum over its tokens with a label.
 */
public abstract class AnswerLoss implements Objective {
    private final VocabularyLoss tokens;

    /** @param tokens loss of tokens */
    AnswerLoss(VocabularyLoss tokens) {
        this.tokens = tokens;
    }

    /** Returns the loss of tokens. */
    public final VocabularyLoss tokens() {
        return tokens;
    }

    /**
     * Loss of a sample with its derivatives.
     *
     * @param loss value of the loss
     * @param slopes derivative of the loss by the log-probability of each document
     */
    record Sloped(double loss, double... slopes) {}

    /**
     * Returns a sample's loss and its derivatives.
     *
     * @param losses losses of the documents, which are their negative log-probabilities
     * @param weights sums of {@link #weights} over the global batch
     */
    abstract Sloped sloped(Sample sample, double[] losses, TermWeights weights);

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(samples.size());
    }

    @Override
    public final Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add) {
        NDArray hidden = outputs.get(Model.LAST_HIDDEN_STATE);
        if (lmHead.isEmpty()) {
            VocabularyLoss.TokenGradients differentiated = tokens.tokenGradients(owner, hidden, batch);
            Weighed weighed = weighed(batch, differentiated.losses(), weights);
            return weighed.loss(tokens.weighted(owner, differentiated, weighed.tokens()));
        }
        // The gradient of a trained head needs the weights of the tokens first, so logits are computed twice.
        Weighed weighed =
                weighed(batch, tokens.tokenLosses(owner, hidden, batch).losses(), weights);
        return weighed.loss(tokens.weighted(owner, hidden, batch, weighed.tokens(), lmHead, add));
    }

    /**
     * Loss of samples with the weights of their tokens in the gradient.
     *
     * @param sum sum of the samples' losses
     * @param tokens derivative of the loss by each token's loss
     */
    private record Weighed(double sum, float[] tokens) {
        Loss loss(NDArray gradient) {
            return new Loss(LossTerms.of(sum), Map.of(Model.LAST_HIDDEN_STATE, gradient));
        }
    }

    private Weighed weighed(Batch batch, float[] losses, TermWeights weights) {
        double scale = weights.scale(0);
        float[] counted = new float[losses.length];
        double sum = 0;
        int begin = 0;
        for (Sample sample : batch.samples()) {
            int[] lengths = sample.labelTokensOfDocuments();
            double[] sums = new double[lengths.length];
            int at = begin;
            for (int document = 0; document < lengths.length; document++) {
                for (int i = 0; i < lengths[document]; i++) {
                    sums[document] += losses[at++];
                }
            }
            Sloped sloped = sloped(sample, sums, weights);
            sum += sloped.loss();
            for (int document = 0; document < lengths.length; document++) {
                // A token's loss is its negative log-probability.
                int end = begin + lengths[document];
                Arrays.fill(counted, begin, end, (float) (-scale * sloped.slopes()[document]));
                begin = end;
            }
        }
        return new Weighed(sum, counted);
    }

    /** @throws IllegalArgumentException if the number of documents or of reference values differs */
    static void require(Sample sample, int documents, int references) {
        if (sample.documents().length != documents) {
            throw new IllegalArgumentException(
                    "sample " + sample.index() + " has " + sample.documents().length + " documents, not " + documents);
        }
        if (sample.targets().length != references) {
            throw new IllegalArgumentException("sample " + sample.index() + " has no reference");
        }
    }
}
