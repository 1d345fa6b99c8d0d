package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.data.dataset.Sample;

/**
 * Loss of the preference between two answers: the mean of {@link PairLoss} over the pairs. A sample is a pair: two
 * documents, the chosen answer first. Its targets are the reference's log-probabilities of both.
 */
public final class PreferenceLoss extends AnswerLoss {
    private static final int ANSWERS = 2;

    private final PairLoss pairLoss;

    /** @param tokens loss of tokens */
    public PreferenceLoss(VocabularyLoss tokens, PairLoss pairLoss) {
        super(tokens);
        this.pairLoss = pairLoss;
    }

    /** Returns the loss of a pair. */
    public PairLoss pairLoss() {
        return pairLoss;
    }

    @Override
    Sloped sloped(Sample sample, double[] losses, TermWeights weights) {
        AnswerPair pair = pair(sample, losses[0], losses[1]);
        return new Sloped(pairLoss.of(pair), pairLoss.slopeOfChosen(pair), pairLoss.slopeOfRejected(pair));
    }

    /**
     * Returns the pair of a sample.
     *
     * @param chosenLoss sum of the losses of the chosen answer's tokens
     * @param rejectedLoss sum of the losses of the rejected answer's tokens
     */
    public AnswerPair pair(Sample sample, double chosenLoss, double rejectedLoss) {
        boolean free = pairLoss.config().referenceFree();
        require(sample, ANSWERS, free ? sample.targets().length : ANSWERS);
        double[] reference = free ? new double[ANSWERS] : sample.targets();
        int[] lengths = sample.labelTokensOfDocuments();
        return new AnswerPair(-chosenLoss, -rejectedLoss, reference[0], reference[1], lengths[0], lengths[1]);
    }
}
