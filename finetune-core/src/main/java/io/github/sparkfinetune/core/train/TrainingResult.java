package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.train.speed.RankTime;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * Result of a training run; the same on every rank except for {@code peakRssBytes}.
 *
 * @param peakRssBytes highest resident memory of this rank's process
 * @param ranks time of each rank in a step; empty for a single rank
 * @param precision compute dtype, or null in checkpoints of version 0.1
 * @param privacy guarantee of a private run; absent (null) if it is not private
 */
public record TrainingResult(
        @JsonUnwrapped Totals totals,
        @JsonUnwrapped Speed speed,
        @JsonUnwrapped Best best,
        long peakRssBytes,
        List<RankTime> ranks,
        Precision precision,
        @JsonInclude(JsonInclude.Include.NON_NULL) PrivacySpent privacy)
        implements Serializable {

    /**
     * Work of the whole run.
     *
     * @param steps optimizer steps done
     * @param samples samples of all ranks, repeated epochs counted
     * @param tokens tokens of these samples, without padding
     */
    public record Totals(long steps, long samples, long tokens) implements Serializable {}

    /**
     * Speed of the last attempt.
     *
     * @param seconds time spent in training, without loading, evaluation and saving
     * @param samplesPerSecond samples of all ranks per second
     * @param tokensPerSecond tokens of all ranks per second, without padding
     */
    public record Speed(double seconds, double samplesPerSecond, double tokensPerSecond) implements Serializable {}

    /**
     * The model that was kept.
     *
     * @param bestStep step of the model
     * @param eval metrics of the evaluation split for the model; empty if there is no evaluation split
     */
    public record Best(long bestStep, Map<String, Double> eval) implements Serializable {}

    public TrainingResult {
        // Checkpoints of version 0.1 have no times.
        ranks = ranks == null ? List.of() : List.copyOf(ranks);
    }

    /** Makes the result of a run that is not private. */
    public TrainingResult(
            Totals totals, Speed speed, Best best, long peakRssBytes, List<RankTime> ranks, Precision precision) {
        this(totals, speed, best, peakRssBytes, ranks, precision, null);
    }

    /** Returns this result with the highest resident memory of all ranks. */
    public TrainingResult withPeakRssBytes(long bytes) {
        return new TrainingResult(totals, speed, best, bytes, ranks, precision, privacy);
    }
}
