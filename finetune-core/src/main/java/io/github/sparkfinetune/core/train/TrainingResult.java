package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.train.speed.RankTime;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * Result of a training run; the same on every rank except for {@code peakRssBytes}.
 *
 * @param steps optimizer steps of the whole run
 * @param samples samples of all ranks, repeated epochs counted
 * @param tokens tokens of these samples, without padding
 * @param seconds time that the last attempt spent in training, without loading, evaluation and saving
 * @param samplesPerSecond samples of all ranks per second in this time
 * @param tokensPerSecond tokens of all ranks per second in this time, without padding
 * @param bestStep step of the model that was kept
 * @param eval metrics of the evaluation split for this model; empty if there is no evaluation split
 * @param peakRssBytes highest resident memory of this rank's process
 * @param ranks time of each rank in a step; empty for a single rank
 * @param precision compute dtype, or null in checkpoints of version 0.1
 * @param privacy guarantee of a private run; absent (null) if it is not private
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
        Precision precision,
        @JsonInclude(JsonInclude.Include.NON_NULL) PrivacySpent privacy)
        implements Serializable {

    public TrainingResult {
        // Checkpoints of version 0.1 have no times.
        ranks = ranks == null ? List.of() : List.copyOf(ranks);
    }

    /** Makes the result of a run that is not private. */
    public TrainingResult(
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
            Precision precision) {
        this(
                steps,
                samples,
                tokens,
                seconds,
                samplesPerSecond,
                tokensPerSecond,
                bestStep,
                eval,
                peakRssBytes,
                ranks,
                precision,
                null);
    }

    /** Returns this result with the highest resident memory of all ranks. */
    public TrainingResult withPeakRssBytes(long bytes) {
        return Components.with(this, "peakRssBytes", bytes);
    }
}
