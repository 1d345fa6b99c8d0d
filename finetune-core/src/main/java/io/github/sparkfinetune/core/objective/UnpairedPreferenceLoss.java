package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

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
    private final ScriptModule script;

    /**
     * @param manager owner of the script that computes it, on the model's device
     * @param tokens loss of tokens
     * @param divergence returns the sum over samples of the second document's log-ratio, without gradient
     */
    public UnpairedPreferenceLoss(
            NDManager manager, VocabularyLoss tokens, RatedLoss ratedLoss, ToDoubleFunction<List<Sample>> divergence) {
        super(tokens);
        this.ratedLoss = ratedLoss;
        this.divergence = divergence;
        this.script = ScriptModule.load(manager, List.of("core.objective.rated_loss"), ratedLoss.attributes());
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
    public boolean readsModel() {
        return ratedLoss.readsDivergence();
    }

    @Override
    public Sample differentiated(Sample sample) {
        return sample.document(ANSWER);
    }

    @Override
    NDList weighed(NDManager owner, Likelihood likelihood, TermWeights weights) {
        double[] answers = likelihood.samples().stream()
                .flatMapToDouble(sample -> {
                    require(sample, 1, DOCUMENTS);
                    return DoubleStream.of(sample.targets()[ANSWER], isDesirable(sample) ? 1 : -1);
                })
                .toArray();
        return script.call(
                owner,
                "rated_loss",
                likelihood.losses(),
                likelihood.documents(),
                Tensors.of(owner, answers, new Shape(likelihood.samples().size(), 2)),
                ratedLoss.divergence(weights.divergence(), weights.term(0)),
                weights.scale(0));
    }

    /** Returns whether a sample's answer is good. */
    public static boolean isDesirable(Sample sample) {
        return sample.label() == 1;
    }
}
