package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * Loss of the preference between two answers: the mean of {@link PairLoss} over the pairs. A sample is a pair: two
 * documents, the chosen answer first. Its targets are the reference's log-probabilities of both.
 */
public final class PreferenceLoss extends AnswerLoss {
    private static final int ANSWERS = 2;

    private final PairLoss pairLoss;
    private final ScriptModule script;

    /**
     * @param manager owner of the script that computes it, on the model's device
     * @param tokens loss of tokens
     */
    public PreferenceLoss(NDManager manager, VocabularyLoss tokens, PairLoss pairLoss) {
        super(tokens);
        this.pairLoss = pairLoss;
        this.script = ScriptModule.load(manager, List.of("core.objective.pair_loss"), pairLoss.attributes());
    }

    /** Returns the loss of a pair. */
    public PairLoss pairLoss() {
        return pairLoss;
    }

    @Override
    NDList weighed(NDManager owner, Likelihood likelihood, TermWeights weights) {
        double[] reference = likelihood.samples().stream()
                .flatMapToDouble(sample -> Arrays.stream(reference(sample)))
                .toArray();
        return script.call(
                owner,
                "pair_loss",
                likelihood.losses(),
                likelihood.documents(),
                Tensors.of(owner, reference, new Shape(likelihood.samples().size(), ANSWERS)),
                weights.scale(0));
    }

    /** Returns the reference's log-probabilities of both answers. */
    private double[] reference(Sample sample) {
        boolean free = !pairLoss.config().readsReference();
        require(sample, ANSWERS, free ? sample.targets().length : ANSWERS);
        return free ? new double[ANSWERS] : sample.targets();
    }

    /**
     * Returns the pair of a sample.
     *
     * @param chosenLoss sum of the losses of the chosen answer's tokens
     * @param rejectedLoss sum of the losses of the rejected answer's tokens
     */
    public AnswerPair pair(Sample sample, double chosenLoss, double rejectedLoss) {
        double[] reference = reference(sample);
        int[] lengths = sample.labelTokensOfDocuments();
        return new AnswerPair(-chosenLoss, -rejectedLoss, reference[0], reference[1], lengths[0], lengths[1]);
    }
}
