package io.github.sparkfinetune.core.train;

import java.util.concurrent.TimeUnit;

/** When {@code training.save_minutes} have passed since the checkpoint before. */
final class SaveClock {
    private final long nanos;
    private long last = System.nanoTime();

    /** @param minutes 0 for never */
    SaveClock(double minutes) {
        this.nanos = (long) (minutes * TimeUnit.MINUTES.toNanos(1));
    }

    boolean isDue() {
        return nanos > 0 && System.nanoTime() - last >= nanos;
    }

    /** A checkpoint was written. */
    void restart() {
        last = System.nanoTime();
    }
}
