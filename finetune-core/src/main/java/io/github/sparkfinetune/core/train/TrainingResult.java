package io.github.sparkfinetune.core.train;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * How a training run ended; the same on every rank but for {@code peakRssBytes}.
 *
 * @param steps optimizer steps done
 * @param samples samples trained on over all ranks, repeated epochs counted
 * @param tokens tokens of these, without padding
 * @param seconds time spent training in this attempt, without loading, evaluating and saving
 * @param samplesPerSecond throughput of this attempt over all ranks
 * @param tokensPerSecond throughput of this attempt over all ranks, without padding
 * @param bestStep step of the model that was kept
 * @param eval metrics of the evaluation split for that model, or empty where there is no such split
 * @param peakRssBytes highest resident memory of this rank's process
 * @param ranks what each rank computes in a step; empty for a single rank
 * @param precision of the products, or null in checkpoints of version 0.1
 */
public record TrainingResult(
        long steps,
        long samples,
        long tokens,
        double seconds,
        double samplesPerSecond,
        double tokensPerSecond,
        long bestStep,
        Map<String, Double> eval,
        long peakRssBytes,
        List<RankTime> ranks,
        Precision precision)
        implements Serializable {

    public TrainingResult {
        // Checkpoints of version 0.1 have none.
        ranks = ranks == null ? List.of() : List.copyOf(ranks);
    }
}
