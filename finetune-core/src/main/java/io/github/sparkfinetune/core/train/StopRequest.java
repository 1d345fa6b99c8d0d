package io.github.sparkfinetune.core.train;

/** Request to a rank to end before its training is over. */
public enum StopRequest {
    /** The rank goes on. */
    NONE,
    /**
     * All ranks save a checkpoint after the step in progress and then end. Evaluations and the export are completed.
     */
    AFTER_STEP,
    /** The rank ends after the piece of work in progress. Its last whole step may be saved ({@link Survivor}). */
    NOW
}
