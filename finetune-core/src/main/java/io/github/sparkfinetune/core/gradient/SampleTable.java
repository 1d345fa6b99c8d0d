package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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
    /** Gradients of the present samples; empty if the table is tied. */
    private final List<Sums> present = new ArrayList<>();

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

    /**
     * Gradient of a sample.
     *
     * @param ids ids of its tokens, each once
     * @param rows gradients of their rows [ids, width]
     */
    private record Sums(NDArray ids, NDArray rows) {}

    boolean isTied() {
        return isTied;
    }

    boolean owns(GradientGroup other) {
        return group.equals(other);
    }

    Object owner() {
        return group.owner();
    }

    /** Begins the gradients of other samples. */
    void begin() {
        present.clear();
    }

    /** Returns the gradient of rows that are looked up, each row once. */
    private Sums sums(NDManager owner, long[] ids, NDArray gradient) {
        long[] distinct = Arrays.stream(ids)
                .filter(id -> id != paddingId)
                .sorted()
                .distinct()
                .toArray();
        long[] indices = Arrays.stream(ids)
                .map(id -> id == paddingId ? distinct.length : Arrays.binarySearch(distinct, id))
                .toArray();
        NDArray rows =
                script.callOne(owner, "summed_rows", gradient, Tensors.of(owner, indices), (long) distinct.length);
        return new Sums(Tensors.of(owner, distinct), rows);
    }

    /**
     * Adds a sample's gradient, which {@link #addClipped} adds to the step.
     *
     * @param owner owner of the present gradients
     * @param squares squared norms of the samples' gradients; receive that of the rows
     */
    void add(NDManager owner, NDArray squares, int sample, long[] ids, NDArray gradient) {
        Sums sums = sums(owner, ids, gradient);
        script.call(owner, "add_square_of", squares, sample, sums.rows());
        present.add(sums);
    }

    /** Adds a gradient of looked-up rows to a gradient of the whole table. */
    void addTo(NDManager owner, NDArray whole, long[] ids, NDArray gradient) {
        Sums sums = sums(owner, ids, gradient);
        script.call(owner, "add_to_rows", whole, sums.ids(), sums.rows(), 1.0);
    }

    /** Adds the gradients of the present samples to that of the step, each with its factor. */
    void addClipped(NDManager owner, float[] factors) {
        for (int sample = 0; sample < present.size(); sample++) {
            Sums sums = present.get(sample);
            script.call(owner, "add_to_rows", sum, sums.ids(), sums.rows(), (double) factors[sample]);
        }
    }
}
