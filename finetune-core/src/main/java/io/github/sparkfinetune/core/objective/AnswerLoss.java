package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A loss of how likely whole answers are: the mean over samples of a function of the log-probabilities of the sample's
 * documents, each the sum over the tokens with a label.
 */
public abstract class AnswerLoss implements Objective {
    private final VocabularyLoss tokens;

    /** @param tokens what computes the losses of tokens */
    AnswerLoss(VocabularyLoss tokens) {
        this.tokens = tokens;
    }

    /** What computes the losses of tokens. */
    public final VocabularyLoss tokens() {
        return tokens;
    }

    /**
     * A sample's loss.
     *
     * @param loss its value
     * @param slopes its derivative by the log-probability of each of the sample's documents
     */
    record Sloped(double loss, double... slopes) {}

    /**
     * A sample's loss and its derivatives.
     *
     * @param losses of its documents: their log-probabilities with the other sign
     * @param weights over the whole global batch, as {@link #weights} tells them
     */
    abstract Sloped sloped(Sample sample, double[] losses, double[] weights);

    @Override
    public double[] weights(List<Sample> samples) {
        return new double[] {samples.size()};
    }

    @Override
    public final Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            double[] weights,
            Map<String, NDArray> projection,
            boolean add) {
        NDArray hidden = outputs.get(Model.LAST_HIDDEN_STATE);
        if (projection.isEmpty()) {
            VocabularyLoss.TokenGradients differentiated = tokens.tokenGradients(owner, hidden, batch);
            Weighed weighed = weighed(batch, differentiated.losses(), weights);
            return weighed.loss(tokens.weighted(owner, differentiated, weighed.tokens()));
        }
        // A head that is trained needs the weights of the tokens before its gradient, and its logits twice.
        Weighed weighed = weighed(batch, tokens.tell(owner, hidden, batch).losses(), weights);
        return weighed.loss(tokens.weighted(owner, hidden, batch, weighed.tokens(), projection, add));
    }

    /**
     * Samples, and what their tokens' losses count in the gradient.
     *
     * @param sum of the samples' losses
     * @param tokens the derivative of the loss by each token's
     */
    private record Weighed(double sum, float[] tokens) {
        Loss loss(NDArray gradient) {
            return new Loss(new double[] {sum}, Map.of(Model.LAST_HIDDEN_STATE, gradient));
        }
    }

    private Weighed weighed(Batch batch, float[] losses, double[] weights) {
        double scale = Objective.scale(weights[0]);
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
                // A token's loss is its log-probability with the other sign.
                int end = begin + lengths[document];
                Arrays.fill(counted, begin, end, (float) (-scale * sloped.slopes()[document]));
                begin = end;
            }
        }
        return new Weighed(sum, counted);
    }

    /** @throws IllegalArgumentException where it has not as many documents, or nothing was said of as many */
    static void require(Sample sample, int documents, int told) {
        if (sample.documents().length != documents) {
            throw new IllegalArgumentException(
                    "sample " + sample.index() + " has " + sample.documents().length + " documents, not " + documents);
        }
        if (sample.targets().length != told) {
            throw new IllegalArgumentException("sample " + sample.index() + " has no reference");
        }
    }
}
