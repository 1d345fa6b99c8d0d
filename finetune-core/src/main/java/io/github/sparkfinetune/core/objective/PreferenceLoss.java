package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.data.dataset.Sample;

/**
 * Which of two answers is the better one: the mean of {@link PairLoss} over the pairs. A sample is a pair, two
 * documents of which the better one comes first; its targets are what the reference says of both.
 */
public final class PreferenceLoss extends AnswerLoss {
    private static final int ANSWERS = 2;

    private final PairLoss pairLoss;

    /** @param tokens what computes the losses of tokens */
    public PreferenceLoss(VocabularyLoss tokens, PairLoss pairLoss) {
        super(tokens);
        this.pairLoss = pairLoss;
    }

    /** What is minimised of a pair. */
    public PairLoss pairLoss() {
        return pairLoss;
    }

    @Override
    Sloped sloped(Sample sample, double[] losses, double[] weights) {
        AnswerPair pair = pair(sample, losses[0], losses[1]);
        return new Sloped(pairLoss.of(pair), pairLoss.slopeOfChosen(pair), pairLoss.slopeOfRejected(pair));
    }

    /**
     * A pair.
     *
     * @param chosenLoss sum of the losses of the better answer's tokens
     * @param rejectedLoss of the other's
     */
    public AnswerPair pair(Sample sample, double chosenLoss, double rejectedLoss) {
        boolean free = pairLoss.config().referenceFree();
        require(sample, ANSWERS, free ? sample.targets().length : ANSWERS);
        double[] reference = free ? new double[ANSWERS] : sample.targets();
        int[] lengths = sample.labelTokensOfDocuments();
        return new AnswerPair(-chosenLoss, -rejectedLoss, reference[0], reference[1], lengths[0], lengths[1]);
    }
}
