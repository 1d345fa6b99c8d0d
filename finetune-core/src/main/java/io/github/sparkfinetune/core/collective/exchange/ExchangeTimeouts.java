package io.github.sparkfinetune.core.collective.exchange;

import java.time.Duration;

/**
 * Time limits of an exchange.
 *
 * @param join time until all peers must have joined
 * @param silence time without a sign of life after which a rank is lost; a living rank gives a sign four times as
 *     often, however long it computes
 * @param operation time after which a living rank is lost, if it neither takes part in an operation that another rank
 *     waits in nor makes progress with other work
 */
public record ExchangeTimeouts(Duration join, Duration silence, Duration operation) {

    private static final Duration LEAST = Duration.ofMillis(100);

    /** One minute to join, 20 seconds of silence, half an hour without progress. */
    public static final ExchangeTimeouts DEFAULT =
            new ExchangeTimeouts(Duration.ofMinutes(1), Duration.ofSeconds(20), Duration.ofMinutes(30));

    public ExchangeTimeouts {
        if (join.compareTo(LEAST) < 0 || silence.compareTo(LEAST) < 0 || operation.compareTo(LEAST) < 0) {
            throw new IllegalArgumentException(
                    "join " + join + ", silence " + silence + ", operation " + operation + ": at least " + LEAST);
        }
    }
}
