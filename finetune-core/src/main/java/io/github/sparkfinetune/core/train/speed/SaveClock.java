package io.github.sparkfinetune.core.train.speed;

import java.util.concurrent.TimeUnit;

/** Clock that is due when {@code training.save_minutes} have passed since the previous checkpoint. */
public final class SaveClock {
    private final long nanos;
    private long last = System.nanoTime();

    /** @param minutes 0 for never */
    public SaveClock(double minutes) {
        this.nanos = (long) (minutes * TimeUnit.MINUTES.toNanos(1));
    }

    public boolean isDue() {
        return nanos > 0 && System.nanoTime() - last >= nanos;
    }

    /** Restarts the clock after a checkpoint. */
    public void restart() {
        last = System.nanoTime();
    }
}
