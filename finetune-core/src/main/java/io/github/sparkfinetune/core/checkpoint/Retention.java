package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.conf.TrainingConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Checkpoints that a run keeps.
 *
 * @param limit number of newest checkpoints, at least 1
 * @param steps steps whose checkpoints are also kept
 * @param spacing number of steps between further checkpoints that are written and kept, which need not be whole; 0 for
 *     none. Of each multiple of the spacing, the first checkpoint at this step or after it is kept
 */
public record Retention(int limit, Set<Long> steps, double spacing) {
    /** Hides that a share of the steps, such as 0.1, is inexact in binary. */
    private static final double ROUNDING = 1e-9;

    public Retention {
        if (limit < 1 || spacing < 0) {
            throw new IllegalArgumentException("limit " + limit + ", spacing " + spacing);
        }
        steps = Set.copyOf(steps);
    }

    /**
     * Returns what a run keeps by its settings.
     *
     * @param best step of the best evaluation, or -1
     * @param totalSteps steps of the run
     */
    public static Retention of(TrainingConfig settings, long best, long totalSteps) {
        return new Retention(settings.saveTotalLimit(), Set.of(best), settings.keepCheckpointsEvery() * totalSteps);
    }

    /**
     * Returns whether a step is the first one at a multiple of the spacing or after it, so that it is saved and kept.
     */
    public boolean isSpaced(long step) {
        return multiples(step) > multiples(step - 1);
    }

    /** Returns how many multiples of the spacing lie up to a step. */
    private long multiples(long step) {
        return spacing == 0 ? 0 : (long) Math.floor(step / spacing + ROUNDING);
    }

    /**
     * Returns the steps that are kept however many newer checkpoints there are.
     *
     * @param committed checkpoints, the newest first
     */
    Set<Long> protectedSteps(List<Checkpoint> committed) {
        Set<Long> kept = new HashSet<>(steps);
        long last = 0;
        for (int i = committed.size() - 1; i >= 0; i--) {
            long step = committed.get(i).step();
            if (multiples(step) > last) {
                kept.add(step);
                last = multiples(step);
            }
        }
        return kept;
    }
}
