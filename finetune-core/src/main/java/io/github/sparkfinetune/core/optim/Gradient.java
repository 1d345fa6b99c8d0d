package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.function.Supplier;

/** Where the gradient of a parameter is whenever an optimizer moves it; F32. */
public sealed interface Gradient {
    /**
     * A value for each of the parameter's, in its shape.
     *
     * @throws IllegalStateException where rows alone are there
     */
    NDArray dense();

    /**
     * The gradient of some of the parameter's values, as of a parameter of their own.
     *
     * @param from first of them, row-major
     * @param to the value after the last one
     */
    Gradient part(NDManager manager, ScriptModule script, long from, long to);

    /** A value for each of the parameter's, in its shape. */
    record Dense(NDArray dense) implements Gradient {
        @Override
        public Gradient part(NDManager manager, ScriptModule script, long from, long to) {
            return new Dense(script.callOne(manager, "stretch", dense, from, to));
        }
    }

    /**
     * Of an embedding table the rows of the tokens that the global batch contains; all others are zero.
     *
     * @param step the rows of the step that is under way
     * @param width values of a row
     * @param from the table's value that is the parameter's first, row-major
     */
    record Rows(Supplier<LookedUp> step, int width, long from) implements Gradient {
        @Override
        public NDArray dense() {
            throw new IllegalStateException("rows alone are there of a table's gradient");
        }

        @Override
        public Gradient part(NDManager manager, ScriptModule script, long begin, long end) {
            return new Rows(step, width, from + begin);
        }
    }

    /**
     * Rows of one step.
     *
     * @param ids of the rows, in rising order, each once
     * @param rows [ids, width]
     */
    record LookedUp(int[] ids, NDArray rows) {}
}
