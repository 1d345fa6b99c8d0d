package io.github.sparkfinetune.core.objective;

/**
 * How likely a model and the one that it is compared with find both answers to a prompt: sums of the log-probabilities
 * of an answer's tokens, in nats.
 *
 * @param chosen the model's, of the better answer
 * @param rejected the model's, of the other
 * @param referenceChosen the reference's, of the better answer
 * @param referenceRejected the reference's, of the other
 * @param chosenTokens tokens of the better answer
 * @param rejectedTokens tokens of the other
 */
public record AnswerPair(
        double chosen,
        double rejected,
        double referenceChosen,
        double referenceRejected,
        long chosenTokens,
        long rejectedTokens) {

    /** How much likelier the model finds the better answer than the reference does. */
    public double chosenRatio() {
        return chosen - referenceChosen;
    }

    /** The same of the other answer. */
    public double rejectedRatio() {
        return rejected - referenceRejected;
    }
}
