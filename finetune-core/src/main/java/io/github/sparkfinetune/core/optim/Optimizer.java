package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Parameter;
import java.util.Map;

/** Moves the trained parameters by their gradients. {@link OptimizerKind} makes it, for a fixed list of parameters. */
public interface Optimizer {

    /**
     * A trained parameter.
     *
     * @param gradient what holds its gradient whenever {@link #step} is called
     * @param depth how far it lies below the head: 0 in the head, 1 in the highest layer, one more than the number of
     *     layers in the embeddings
     */
    record ParameterGradient(Parameter parameter, Gradient gradient, int depth) {
        /** One whose gradient has a value for each of the parameter's, in its shape; F32. */
        public ParameterGradient(Parameter parameter, NDArray gradient, int depth) {
            this(parameter, new Gradient.Dense(gradient), depth);
        }
    }

    /**
     * One step. The gradients' tensors hold nothing of use afterwards.
     *
     * @param owner of temporary tensors
     * @param step number of this step, from 1
     * @param rate learning rate
     * @param divisor gradients are divided by it before use, for clipping
     */
    void step(NDManager owner, long step, double rate, double divisor);

    /**
     * What it keeps from step to step, beside the number of the step: F32 or U8 tensors by the names under which a
     * checkpoint holds them, always in one order. A resume overwrites them in place.
     */
    Map<String, NDArray> state();
}
