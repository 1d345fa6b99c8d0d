package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Loss of rated answers: the mean of {@link RatedLoss} over the answers. A sample has two documents: a prompt with its
 * answer, and the prompt with another prompt's answer. Its label is 1 if its answer is good. Its targets are the
 * reference's log-probabilities of both documents. The divergence, from the second documents, is computed before each
 * step over the global batch.
 */
public final class UnpairedPreferenceLoss extends AnswerLoss {
    /** Index of the prompt with its answer, among a sample's documents and targets. */
    public static final int ANSWER = 0;
    /** Index of the prompt with another prompt's answer, among a sample's documents and targets. */
    public static final int MISMATCHED = 1;

    private static final int DOCUMENTS = 2;

    private final RatedLoss ratedLoss;
    private final ToDoubleFunction<List<Sample>> divergence;

    /**
     * @param tokens loss of tokens
     * @param divergence returns the sum over samples of the second document's log-ratio, without gradient
     */
    public UnpairedPreferenceLoss(
            VocabularyLoss tokens, RatedLoss ratedLoss, ToDoubleFunction<List<Sample>> divergence) {
        super(tokens);
        this.ratedLoss = ratedLoss;
        this.divergence = divergence;
    }

    /** Returns the loss of an answer. */
    public RatedLoss ratedLoss() {
        return ratedLoss;
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return new TermWeights(new double[] {samples.size()}, divergence.applyAsDouble(samples));
    }

    @Override
    public Sample differentiated(Sample sample) {
        return sample.document(ANSWER);
    }

    @Override
    Sloped sloped(Sample sample, double[] losses, TermWeights weights) {
        require(sample, 1, DOCUMENTS);
        boolean desirable = isDesirable(sample);
        double ratio = -losses[0] - sample.targets()[ANSWER];
        double kl = ratedLoss.divergence(weights.divergence(), weights.term(0));
        return new Sloped(ratedLoss.loss(desirable, ratio, kl), ratedLoss.slope(desirable, ratio, kl));
    }

    /** Returns whether a sample's answer is good. */
    public static boolean isDesirable(Sample sample) {
        return sample.label() == 1;
    }
}
