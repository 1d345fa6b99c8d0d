package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/** Tensors of a block that are computed from its parameters, once after each change of these. */
public abstract class DerivedWeights {
    private boolean isFresh;

    /** Marks the tensors as outdated, after parameters have changed. */
    final void updated() {
        isFresh = false;
    }

    /** Computes outdated tensors from a block's weights, which must be ready to be read. */
    final void refresh(Map<String, NDArray> weights) {
        if (!isFresh) {
            compute(weights);
            isFresh = true;
        }
    }

    /** Overwrites the tensors. */
    abstract void compute(Map<String, NDArray> weights);
}
