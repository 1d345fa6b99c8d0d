package io.github.sparkfinetune.core.objective;

/**
 * Log-probabilities of both answers to a prompt under a model and its reference model. The log-probability of an answer
 * is the sum over its tokens, in nats.
 *
 * @param chosen the model's log-probability of the chosen answer
 * @param rejected the model's log-probability of the rejected answer
 * @param referenceChosen the reference's log-probability of the chosen answer
 * @param referenceRejected the reference's log-probability of the rejected answer
 * @param chosenTokens number of tokens of the chosen answer
 * @param rejectedTokens number of tokens of the rejected answer
 */
public record AnswerPair(
        double chosen,
        double rejected,
        double referenceChosen,
        double referenceRejected,
        long chosenTokens,
        long rejectedTokens) {

    /** Returns the log-ratio of the chosen answer's probabilities, model over reference. */
    public double chosenRatio() {
        return chosen - referenceChosen;
    }

    /** Returns the log-ratio of the rejected answer's probabilities, model over reference. */
    public double rejectedRatio() {
        return rejected - referenceRejected;
    }
}
