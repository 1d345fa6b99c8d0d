package io.github.sparkfinetune.spark.train;

import java.io.Serializable;

/**
 * Part of a training that a job does.
 *
 * @param until optimizer step after which the training pauses with a checkpoint; more steps than the training has for
 *     the rest of it
 * @param together trainings of as many ranks that share the session's cores at a time
 */
public record Extent(long until, int together) implements Serializable {
    /** The rest of a training that has the session for itself. */
    public static final Extent REST = new Extent(Long.MAX_VALUE, 1);

    public Extent {
        if (until < 1 || together < 1) {
            throw new IllegalArgumentException("until step " + until + ", " + together + " together");
        }
    }
}
