package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.PackedBatch;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Which of two answers is the better one: the mean of {@link PairLoss} over the pairs. A sample is a pair, two
 * documents of which the better one comes first; its targets are what the reference says of both.
 */
public final class PreferenceLoss implements Objective<PackedBatch> {
    private static final int ANSWERS = 2;

    private final VocabularyLoss<PackedBatch> tokens;
    private final PairLoss pairLoss;

    /** @param manager owner of the text that computes it, on the model's device */
    public PreferenceLoss(NDManager manager, Decoder model, PairLoss pairLoss) {
        this.tokens = VocabularyLoss.ofNextToken(manager, model);
        this.pairLoss = pairLoss;
    }

    /** What is minimised of a pair. */
    public PairLoss pairLoss() {
        return pairLoss;
    }

    /** What computes the losses of tokens. */
    public VocabularyLoss<PackedBatch> tokens() {
        return tokens;
    }

    @Override
    public double[] weights(List<Sample> samples) {
        return new double[] {samples.size()};
    }

    @Override
    public Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            PackedBatch batch,
            double[] weights,
            Map<String, NDArray> projection,
            boolean add) {
        NDArray hidden = outputs.get(Model.LAST_HIDDEN_STATE);
        double scale = Objective.scale(weights[0]);
        if (projection.isEmpty()) {
            VocabularyLoss.TokenGradients differentiated = tokens.tokenGradients(owner, hidden, batch);
            Weighed weighed = weighed(batch, differentiated.losses(), scale);
            return weighed.loss(tokens.weighted(owner, differentiated, weighed.tokens()));
        }
        // A head that is trained needs the weights of the tokens before its gradient, and its logits twice.
        Weighed weighed = weighed(batch, tokens.tell(owner, hidden, batch).losses(), scale);
        return weighed.loss(tokens.weighted(owner, hidden, batch, weighed.tokens(), projection, add));
    }

    /**
     * Pairs, and what their tokens' losses count in the gradient.
     *
     * @param sum of the pairs' losses
     * @param tokens the derivative of the loss by each token's
     */
    private record Weighed(double sum, float[] tokens) {
        Loss loss(NDArray gradient) {
            return new Loss(new double[] {sum}, Map.of(Model.LAST_HIDDEN_STATE, gradient));
        }
    }

    private Weighed weighed(PackedBatch batch, float[] losses, double scale) {
        float[] weights = new float[losses.length];
        double sum = 0;
        int begin = 0;
        for (Sample sample : batch.samples()) {
            int[] lengths = answerTokens(sample);
            int middle = begin + lengths[0];
            int end = middle + lengths[1];
            AnswerPair pair = pair(sample, sum(losses, begin, middle), sum(losses, middle, end));
            sum += pairLoss.of(pair);
            // A token's loss is its log-probability with the other sign.
            Arrays.fill(weights, begin, middle, (float) (-scale * pairLoss.slopeOfChosen(pair)));
            Arrays.fill(weights, middle, end, (float) (-scale * pairLoss.slopeOfRejected(pair)));
            begin = end;
        }
        return new Weighed(sum, weights);
    }

    private static double sum(float[] values, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += values[i];
        }
        return sum;
    }

    /**
     * A pair.
     *
     * @param chosenLoss sum of the losses of the better answer's tokens
     * @param rejectedLoss of the other's
     */
    public AnswerPair pair(Sample sample, double chosenLoss, double rejectedLoss) {
        double[] reference = pairLoss.config().referenceFree() ? new double[ANSWERS] : sample.targets();
        if (reference.length != ANSWERS) {
            throw new IllegalArgumentException("sample " + sample.index() + " has no reference");
        }
        int[] lengths = answerTokens(sample);
        return new AnswerPair(-chosenLoss, -rejectedLoss, reference[0], reference[1], lengths[0], lengths[1]);
    }

    /** Tokens of both answers that are predicted. */
    private static int[] answerTokens(Sample sample) {
        int[] documents = sample.documents();
        if (documents.length != ANSWERS) {
            throw new IllegalArgumentException(
                    "sample " + sample.index() + " has " + documents.length + " documents, a pair has two");
        }
        return new int[] {
            Document.labelTokens(sample.labels(), 0, documents[0]),
            Document.labelTokens(sample.labels(), documents[0], documents[0] + documents[1])
        };
    }
}
