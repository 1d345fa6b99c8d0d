package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.Arrays;
import java.util.function.Supplier;

/** Gradient of a parameter at each optimizer step, in F32. */
public sealed interface Gradient {
    /**
     * Returns the gradient in the parameter's shape.
     *
     * @throws IllegalStateException if only rows exist
     */
    NDArray dense();

    /**
     * Returns the gradient of some of the parameter's values, as of a separate parameter.
     *
     * @param from index of the first value, row-major
     * @param to index after the last value
     */
    Gradient part(NDManager manager, ScriptModule script, long from, long to);

    /** A gradient in the parameter's shape. */
    record Dense(NDArray dense) implements Gradient {
        @Override
        public Gradient part(NDManager manager, ScriptModule script, long from, long to) {
            return new Dense(script.callOne(manager, "stretch", dense, from, to));
        }
    }

    /**
     * Gradient of an embedding table: the rows of the tokens in the global batch. All other rows are zero.
     *
     * @param step returns the rows of the current step
     * @param width number of values of a row
     * @param from index in the table of the parameter's first value, row-major
     */
    record Rows(Supplier<LookedUp> step, int width, long from) implements Gradient {
        @Override
        public NDArray dense() {
            throw new IllegalStateException("a table's gradient has only rows");
        }

        @Override
        public Gradient part(NDManager manager, ScriptModule script, long begin, long end) {
            return new Rows(step, width, from + begin);
        }
    }

    /**
     * Rows of one step.
     *
     * @param ids ids of the rows, in ascending order, each once
     * @param rows gradients [ids, width]
     */
    record LookedUp(int[] ids, NDArray rows) {
        /** Returns the ids as a script takes them. */
        public long[] longIds() {
            return Arrays.stream(ids).asLongStream().toArray();
        }
    }
}
