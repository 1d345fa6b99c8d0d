package io.github.sparkfinetune.spark.folder;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Part of {@code metrics.json} that {@code train} writes.
 *
 * @param train course of the training, or null if the run was not trained
 * @param eval metrics of the evaluation split for the kept model; empty if there is no such split
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record TrainingMetrics(Training train, Map<String, Double> eval) {
    public TrainingMetrics {
        eval = Parts.map(eval);
    }

    /**
     * Course of a training; a value that the file lacks is null. Times and speeds are those of the last attempt.
     *
     * @param steps optimizer steps of the whole training
     * @param samples samples trained on over all ranks; null for a private run, as {@code tokens}
     * @param tokens tokens of the samples, without padding
     * @param seconds time without loading, evaluating and saving
     * @param samplesPerSecond samples of all ranks per second; null for a private run, as {@code tokensPerSecond}
     * @param tokensPerSecond tokens of all ranks per second, without padding
     * @param peakRssMb highest resident memory of a process, in 10<sup>6</sup> bytes
     * @param bestStep step of the kept model
     * @param precision compute dtype
     * @param ranks computation of each rank; empty for a single rank
     * @param privacy guarantee of a private run, or null
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Training(
            Long steps,
            Long samples,
            Long tokens,
            Double seconds,
            Double samplesPerSecond,
            Double tokensPerSecond,
            Double peakRssMb,
            Long bestStep,
            Precision precision,
            List<Rank> ranks,
            PrivacySpent privacy) {
        public Training {
            ranks = Parts.list(ranks);
        }
    }

    /**
     * Compute dtype of the products.
     *
     * @param choice {@code fp32} or {@code bf16}
     * @param reason why it was chosen
     */
    public record Precision(String choice, String reason) {}

    /**
     * Computation of a rank in a step, without waiting for other ranks.
     *
     * @param name rank and host
     * @param stepSecondsP50 median
     * @param stepSecondsP99 99th percentile
     */
    public record Rank(String name, Double stepSecondsP50, Double stepSecondsP99) {}

    /** Returns the part of a training. */
    public static TrainingMetrics of(TrainingResult result) {
        Precision precision = result.precision() == null
                ? null
                : new Precision(
                        result.precision().choice().name().toLowerCase(Locale.ROOT),
                        result.precision().reason());
        // Exact counts would tell whether a private run has seen one sample more.
        boolean areCountsSecret = result.privacy() != null;
        return new TrainingMetrics(
                new Training(
                        result.steps(),
                        areCountsSecret ? null : result.samples(),
                        areCountsSecret ? null : result.tokens(),
                        result.seconds(),
                        areCountsSecret ? null : result.samplesPerSecond(),
                        areCountsSecret ? null : result.tokensPerSecond(),
                        result.peakRssBytes() / 1e6,
                        result.bestStep(),
                        precision,
                        result.ranks().stream()
                                .map(rank -> new Rank(rank.name(), rank.p50(), rank.p99()))
                                .toList(),
                        result.privacy()),
                result.eval());
    }
}
