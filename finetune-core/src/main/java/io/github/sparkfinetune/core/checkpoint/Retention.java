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
 * @param spacing number of steps between further kept checkpoints: of the older ones, the first after so many steps,
 *     the first after so many steps from there, and so on; 0 for none
 */
public record Retention(int limit, Set<Long> steps, long spacing) {
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
    public static Retention of(TrainingConfig.Saving saving, long best, long totalSteps) {
        long spacing = (long) Math.ceil(saving.keepCheckpointsEvery() * totalSteps);
        return new Retention(saving.saveTotalLimit(), Set.of(best), spacing);
    }

    /**
     * Returns the steps that are kept however many newer checkpoints there are.
     *
     * @param committed checkpoints, the newest first
     */
    Set<Long> protectedSteps(List<Checkpoint> committed) {
        Set<Long> kept = new HashSet<>(steps);
        long last = 0;
        for (int i = committed.size() - 1; i >= 0 && spacing > 0; i--) {
            long step = committed.get(i).step();
            if (step - last >= spacing) {
                kept.add(step);
                last = step;
            }
        }
        return kept;
    }
}
