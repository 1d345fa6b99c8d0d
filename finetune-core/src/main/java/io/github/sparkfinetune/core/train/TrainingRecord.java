package io.github.sparkfinetune.core.train;

import java.io.Serializable;
import java.util.Map;

/**
 * One line of {@code metrics.jsonl}: what is known after an optimizer step.
 *
 * @param step optimizer steps done, from 1
 * @param totalSteps optimizer steps of the whole run
 * @param epoch passes over the samples done, with its fraction
 * @param loss mean loss of the step over all ranks, or null for an evaluation
 * @param learningRate rate the step was made with, or null for an evaluation
 * @param gradNorm global L2 norm of the gradient before clipping, or null for an evaluation
 * @param samplesPerSecond samples of all ranks a second since the last record, or null for an evaluation
 * @param tokensPerSecond tokens (without padding) of all ranks a second since the last record, or null for an
 *     evaluation
 * @param eval metrics of the evaluation split by name, or null for a step
 * @param precision of the products, in the first record of an attempt, or null
 * @param slowRank a rank that was found to be slow since the last record, or null
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
        implements Serializable {}
