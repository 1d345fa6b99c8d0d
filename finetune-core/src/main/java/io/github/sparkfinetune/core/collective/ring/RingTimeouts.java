package io.github.sparkfinetune.core.collective.ring;

import java.time.Duration;

/**
 * How long a ring waits.
 *
 * @param join until all peers have joined
 * @param silence until a rank that gave no sign of life is lost; a living rank gives one four times as often, however
 *     long it computes
 * @param operation until a rank that lives is lost, if it neither takes part in an operation that another waits in nor
 *     gets further with something else
 */
public record RingTimeouts(Duration join, Duration silence, Duration operation) {

    private static final Duration LEAST = Duration.ofMillis(100);

    /** A minute to join, 20 seconds of silence, half an hour without progress. */
    public static final RingTimeouts DEFAULT =
            new RingTimeouts(Duration.ofMinutes(1), Duration.ofSeconds(20), Duration.ofMinutes(30));

    public RingTimeouts {
        if (join.compareTo(LEAST) < 0 || silence.compareTo(LEAST) < 0 || operation.compareTo(LEAST) < 0) {
            throw new IllegalArgumentException(
                    "join " + join + ", silence " + silence + ", operation " + operation + ": at least " + LEAST);
        }
    }
}
