package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import java.util.List;

/**
 * Gradients of some groups, which the ranks sum together. In a step the tensors are opened, written, completed and
 * finished.
 */
interface Bucket {
    /** Returns the groups, in the order in which their gradients complete. */
    List<GradientGroup> groups();

    /** Makes sure that the gradients may be written. May be called again before {@link #complete}. */
    void open();

    /** Returns the tensors that receive a group's gradients, in the order of its parameters, after {@link #open}. */
    List<NDArray> gradients(GradientGroup group);

    /** Starts to sum the gradients over the ranks, once all are written. */
    void complete();

    /**
     * Waits for the sums. Afterwards the gradients of {@link #parameters} have them. Does nothing if they are there.
     */
    void finish();

    /**
     * Adds rows to the gradient of the bucket's only parameter, after {@link #finish}.
     *
     * @param rows rows of the parameter [V, width]
     */
    void addRows(Gradient.LookedUp rows);

    /** Returns what this rank updates of a group, with its gradients; the tensors stay the same in all steps. */
    List<ParameterGradient> parameters(GradientGroup group);

    /**
     * Returns the L2 norms of the units of the gradients that this rank measures, by group and in the order of the
     * values.
     */
    List<float[]> norms(NDManager owner);
}
