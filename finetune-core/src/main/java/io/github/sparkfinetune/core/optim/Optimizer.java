package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.weight.Parameter;
import java.util.Map;

/** Optimizer of a fixed list of trained parameters; {@link OptimizerKind} creates it. */
public interface Optimizer {

    /**
     * A trained parameter.
     *
     * @param gradient gradient of the parameter at each call of {@link #step}
     * @param depth distance from the head: 0 in the head, 1 in the highest layer, number of layers + 1 in the
     *     embeddings
     */
    record ParameterGradient(Parameter parameter, Gradient gradient, int depth) {
        /** Creates a parameter with a gradient in the parameter's shape, in F32. */
        public ParameterGradient(Parameter parameter, NDArray gradient, int depth) {
            this(parameter, new Gradient.Dense(gradient), depth);
        }
    }

    /**
     * Updates the parameters. Afterwards the content of the gradients' tensors is undefined.
     *
     * @param owner owner of temporary tensors
     * @param step number of this step, from 1
     * @param rate learning rate
     * @param divisor divisor of the gradients, for clipping
     */
    void step(NDManager owner, long step, double rate, double divisor);

    /**
     * Returns the state that the optimizer keeps between steps, except the step number: F32 or U8 tensors by their
     * names in a checkpoint, in a fixed order. A resume overwrites the tensors in place.
     */
    Map<String, NDArray> state();
}
