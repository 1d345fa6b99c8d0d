package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;

/**
 * Gradients of each of some samples with respect to the rows of the embedding table that it looks up. The gradient of
 * the step has every row, because noise reaches all rows.
 */
final class SampleTable {
    private final ScriptModule script;
    private final GradientGroup group;
    private final NDArray sum;
    private final boolean isTied;
    private final int paddingId;
    /** Gradients of the present samples: rows [m, width], their ids and their samples [m]. */
    private NDList present = new NDList();

    /**
     * @param group group of the table alone
     * @param sum gradient of the step [vocabulary, width]
     * @param isTied whether the objective reads the table, so that a sample's gradient has all rows
     * @param paddingId id of the token whose row gets no gradient by a look-up, or -1
     */
    SampleTable(ScriptModule script, GradientGroup group, NDArray sum, boolean isTied, int paddingId) {
        this.script = script;
        this.group = group;
        this.sum = sum;
        this.isTied = isTied;
        this.paddingId = paddingId;
    }

    boolean isTied() {
        return isTied;
    }

    boolean owns(GradientGroup other) {
        return group.equals(other);
    }

    Object owner() {
        return group.owner();
    }

    /**
     * Begins the gradients of other samples.
     *
     * @param owner owner of the gradients
     * @param squares squared norms of the samples' gradients [samples], F64; receive those of the rows
     * @param gradient gradient with respect to the rows that the batch looks up [rows, width]
     */
    void measure(NDManager owner, NDArray squares, Batch batch, NDArray gradient) {
        long size = sum.getShape().get(0);
        present = script.call(
                owner,
                "measured_rows",
                squares,
                Tensors.of(owner, batch.samplesOfRows()),
                batch.ids(),
                gradient,
                size,
                (long) paddingId);
    }

    /** Returns the gradients of the present samples: rows [m, width], their ids and their samples [m]. */
    NDList present() {
        return present;
    }

    /** Adds each sample's gradient to a gradient of its own of the whole table: [samples, vocabulary, width]. */
    void addTo(NDManager owner, NDArray tables) {
        script.call(owner, "add_to_tables", tables, present.get(0), present.get(1), present.get(2));
    }

    /**
     * Adds the gradients of the samples to that of the step.
     *
     * @param factors factor of each sample [samples]
     */
    void addScaled(NDManager owner, NDArray factors) {
        script.call(owner, "add_scaled_lookups", sum, present.get(0), present.get(1), present.get(2), factors);
    }
}
