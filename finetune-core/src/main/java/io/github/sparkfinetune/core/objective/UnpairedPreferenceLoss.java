package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Which answers are good: the mean of {@link RatedLoss} over them. A sample is a prompt with its answer and the prompt
 * with another one's; its label is 1 where its answer is good; its targets are what the reference says of both. What
 * the second document is for is computed before each step, over the whole global batch.
 */
public final class UnpairedPreferenceLoss extends AnswerLoss {
    /** Places of a sample's documents, and of what the reference says of them. */
    public static final int ANSWER = 0;
    /** The prompt with another one's answer. */
    public static final int MISMATCHED = 1;

    private static final int DOCUMENTS = 2;

    private final RatedLoss ratedLoss;
    private final ToDoubleFunction<List<Sample>> divergence;

    /**
     * @param tokens what computes the losses of tokens
     * @param divergence the sum over samples of how much likelier the model finds the second document, without gradient
     */
    public UnpairedPreferenceLoss(
            VocabularyLoss tokens, RatedLoss ratedLoss, ToDoubleFunction<List<Sample>> divergence) {
        super(tokens);
        this.ratedLoss = ratedLoss;
        this.divergence = divergence;
    }

    /** What is minimised of an answer. */
    public RatedLoss ratedLoss() {
        return ratedLoss;
    }

    @Override
    public double[] weights(List<Sample> samples) {
        return new double[] {samples.size(), divergence.applyAsDouble(samples)};
    }

    @Override
    public Sample differentiated(Sample sample) {
        return sample.document(ANSWER);
    }

    @Override
    Sloped sloped(Sample sample, double[] losses, double[] weights) {
        require(sample, 1, DOCUMENTS);
        boolean desirable = isDesirable(sample);
        double ratio = -losses[0] - sample.targets()[ANSWER];
        double kl = ratedLoss.divergence(weights[1], weights[0]);
        return new Sloped(ratedLoss.loss(desirable, ratio, kl), ratedLoss.slope(desirable, ratio, kl));
    }

    /** Whether a sample's answer is good. */
    public static boolean isDesirable(Sample sample) {
        return sample.label() == 1;
    }
}
