package io.github.sparkfinetune.core.train.speed;

/** Samples and tokens per second, over the time in training steps only. */
public final class Throughput {
    private static final double NANOS = 1e9;

    public record Rate(double samplesPerSecond, double tokensPerSecond) {}

    private long running = -1;
    private double seconds;
    private double secondsAtLast;
    private long samples;
    private long tokens;
    private long samplesAtLast;
    private long tokensAtLast;

    /** Starts the clock unless it runs already. */
    public void start() {
        if (running < 0) {
            running = System.nanoTime();
        }
    }

    /** Adds a step that has just ended. */
    public void add(long newSamples, long newTokens) {
        long now = System.nanoTime();
        seconds += (now - running) / NANOS;
        running = now;
        samples += newSamples;
        tokens += newTokens;
    }

    /** Stops the clock. */
    public void pause() {
        running = -1;
    }

    /** Returns the rate since the last call. */
    public Rate sinceLast() {
        Rate rate = rate(samples - samplesAtLast, tokens - tokensAtLast, seconds - secondsAtLast);
        samplesAtLast = samples;
        tokensAtLast = tokens;
        secondsAtLast = seconds;
        return rate;
    }

    /** Returns the rate since the start. */
    public Rate overall() {
        return rate(samples, tokens, seconds);
    }

    public double seconds() {
        return seconds;
    }

    private static Rate rate(long samples, long tokens, double seconds) {
        return seconds > 0 ? new Rate(samples / seconds, tokens / seconds) : new Rate(0, 0);
    }
}
