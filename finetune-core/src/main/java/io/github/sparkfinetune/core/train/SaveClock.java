package io.github.sparkfinetune.core.train;

import java.util.concurrent.TimeUnit;

/** Clock that is due when {@code training.save_minutes} have passed since the previous checkpoint. */
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

    /** Restarts the clock after a checkpoint. */
    void restart() {
        last = System.nanoTime();
    }
}
