package io.github.sparkfinetune.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
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
record TrainingMetrics(Training train, Map<String, Double> eval) {
    TrainingMetrics {
        eval = Parts.map(eval);
    }

    /**
     * Course of a training; a value that the file lacks is null.
     *
     * @param peakRssMb highest resident memory of a process, in 10<sup>6</sup> bytes
     * @param bestStep step of the kept model
     * @param precision compute dtype
     * @param ranks computation of each rank; empty for a single rank
     * @param privacy guarantee of a private run, or null
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    record Training(
            @JsonUnwrapped Totals totals,
            @JsonUnwrapped Speed speed,
            Double peakRssMb,
            Long bestStep,
            Precision precision,
            List<Rank> ranks,
            PrivacySpent privacy) {
        Training {
            ranks = Parts.list(ranks);
        }
    }

    /**
     * Work of the whole training.
     *
     * @param steps optimizer steps
     * @param samples samples trained on over all ranks; null for a private run, as {@code tokens}
     * @param tokens tokens of the samples, without padding
     */
    record Totals(Long steps, Long samples, Long tokens) {}

    /**
     * Speed of the last attempt.
     *
     * @param seconds time without loading, evaluating and saving
     * @param samplesPerSecond samples of all ranks per second; null for a private run, as {@code tokensPerSecond}
     * @param tokensPerSecond tokens of all ranks per second, without padding
     */
    record Speed(Double seconds, Double samplesPerSecond, Double tokensPerSecond) {}

    /**
     * Compute dtype of the products.
     *
     * @param choice {@code fp32} or {@code bf16}
     * @param reason why it was chosen
     */
    record Precision(String choice, String reason) {}

    /**
     * Computation of a rank in a step, without waiting for other ranks.
     *
     * @param name rank and host
     * @param stepSecondsP50 median
     * @param stepSecondsP99 99th percentile
     */
    record Rank(String name, Double stepSecondsP50, Double stepSecondsP99) {}

    static TrainingMetrics of(TrainingResult result) {
        Precision precision = result.precision() == null
                ? null
                : new Precision(
                        result.precision().choice().name().toLowerCase(Locale.ROOT),
                        result.precision().reason());
        TrainingResult.Totals totals = result.totals();
        TrainingResult.Speed speed = result.speed();
        // Exact counts would tell whether a private run has seen one sample more.
        boolean areCountsSecret = result.privacy() != null;
        return new TrainingMetrics(
                new Training(
                        areCountsSecret
                                ? new Totals(totals.steps(), null, null)
                                : new Totals(totals.steps(), totals.samples(), totals.tokens()),
                        areCountsSecret
                                ? new Speed(speed.seconds(), null, null)
                                : new Speed(speed.seconds(), speed.samplesPerSecond(), speed.tokensPerSecond()),
                        result.peakRssBytes() / 1e6,
                        result.best().bestStep(),
                        precision,
                        result.ranks().stream()
                                .map(rank -> new Rank(rank.name(), rank.p50(), rank.p99()))
                                .toList(),
                        result.privacy()),
                result.best().eval());
    }
}
