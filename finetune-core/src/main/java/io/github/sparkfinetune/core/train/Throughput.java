package io.github.sparkfinetune.core.train;

/** Samples and tokens a second, over the time spent in training steps alone. */
final class Throughput {
    private static final double NANOS = 1e9;

    /** A speed. */
    record Rate(double samplesPerSecond, double tokensPerSecond) {}

    private long running = -1;
    private double seconds;
    private double secondsAtLast;
    private long samples;
    private long tokens;
    private long samplesAtLast;
    private long tokensAtLast;

    /** The clock runs from here, if it did not. */
    void start() {
        if (running < 0) {
            running = System.nanoTime();
        }
    }

    /** Counts a step's work, up to now. */
    void add(long newSamples, long newTokens) {
        long now = System.nanoTime();
        seconds += (now - running) / NANOS;
        running = now;
        samples += newSamples;
        tokens += newTokens;
    }

    /** What follows is not training. */
    void pause() {
        running = -1;
    }

    /** Speed since the last call. */
    Rate sinceLast() {
        Rate rate = rate(samples - samplesAtLast, tokens - tokensAtLast, seconds - secondsAtLast);
        samplesAtLast = samples;
        tokensAtLast = tokens;
        secondsAtLast = seconds;
        return rate;
    }

    /** Speed from the start. */
    Rate overall() {
        return rate(samples, tokens, seconds);
    }

    double seconds() {
        return seconds;
    }

    private static Rate rate(long samples, long tokens, double seconds) {
        return seconds > 0 ? new Rate(samples / seconds, tokens / seconds) : new Rate(0, 0);
    }
}
