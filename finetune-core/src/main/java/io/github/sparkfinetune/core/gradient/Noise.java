package io.github.sparkfinetune.core.gradient;

import java.nio.FloatBuffer;

/**
 * Noise on the gradients of a step. A value's noise depends only on its index among all gradients, so ranks can share
 * the values.
 */
public interface Noise {
    /** Number of values of a unit; the last unit of a tensor may have fewer. */
    int UNIT = 1 << 16;

    /**
     * Adds noise to values in place.
     *
     * @param unit index of the unit that the values begin with, over all tensors of the step
     */
    void addTo(FloatBuffer values, int unit);
}
