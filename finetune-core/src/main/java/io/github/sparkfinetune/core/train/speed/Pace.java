package io.github.sparkfinetune.core.train.speed;

import java.util.Locale;
import java.util.OptionalDouble;

/** Remaining time of a training at its mean speed since the first record of this process. */
public final class Pace {
    private long firstStep = -1;
    private long firstNanos;
    private OptionalDouble left = OptionalDouble.empty();

    /**
     * Adds a record.
     *
     * @param step optimizer steps done
     * @param totalSteps optimizer steps of the whole run
     * @param nanos time of the record, as {@link System#nanoTime}
     */
    public void add(long step, long totalSteps, long nanos) {
        if (firstStep < 0) {
            firstStep = step;
            firstNanos = nanos;
        }
        if (step >= totalSteps) {
            left = OptionalDouble.of(0);
        } else if (step > firstStep) {
            left = OptionalDouble.of((nanos - firstNanos) / 1e9 / (step - firstStep) * (totalSteps - step));
        }
    }

    /** Returns the remaining seconds at the newest record; empty before there is a speed. */
    public OptionalDouble secondsLeft() {
        return left;
    }

    /** Returns a duration as {@code minutes:seconds} or {@code hours:minutes:seconds}. */
    public static String clock(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
