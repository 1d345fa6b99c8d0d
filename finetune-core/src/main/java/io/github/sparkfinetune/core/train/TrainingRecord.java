package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.train.speed.SlowRank;
import java.io.Serializable;
import java.util.Map;

/**
 * Line of {@code metrics.jsonl}: values of an optimizer step, or of an evaluation after the step.
 *
 * @param step optimizer steps done, from 1
 * @param totalSteps optimizer steps of the whole run
 * @param epoch passes over the samples done, with a fraction
 * @param loss mean loss of the step over all ranks; null for an evaluation, as the next four
 * @param learningRate learning rate of the step
 * @param gradNorm global L2 norm of the gradient before clipping
 * @param samplesPerSecond samples of all ranks per second since the last record
 * @param tokensPerSecond tokens of all ranks per second since the last record, without padding
 * @param eval metrics of the evaluation split by name, or null for a step
 * @param precision compute dtype, in the first record of an attempt, else null
 * @param slowRank rank that was slow since the last record, or null
 */
public record TrainingRecord(
        long step,
        long totalSteps,
        double epoch,
        Double loss,
        Double learningRate,
        Double gradNorm,
        Double samplesPerSecond,
        Double tokensPerSecond,
        Map<String, Double> eval,
        Precision precision,
        SlowRank slowRank)
        implements Serializable {
    /** Returns the record of an evaluation. */
    public static TrainingRecord evaluation(long step, long totalSteps, double epoch, Map<String, Double> eval) {
        return new TrainingRecord(step, totalSteps, epoch, null, null, null, null, null, eval, null, null);
    }
}
