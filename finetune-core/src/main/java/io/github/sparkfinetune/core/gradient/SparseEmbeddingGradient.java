package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;
import java.util.List;

/**
 * Gradient of an embedding table. Only rows of tokens in the global batch are nonzero, so only these rows are held,
 * added up, all-reduced and counted in the norm. For a batch of 2,048 tokens of MiniLM, they take 3 MB instead of 47
 * MB.
 */
final class SparseEmbeddingGradient implements EmbeddingGradient {
    private final ScriptModule script;
    private final Device device;
    private final Collective collective;
    private final GradientGroup table;
    private final int width;
    private final int paddingId;

    /**
     * Owner of one step's arrays: the rows of the step's ids, in ascending order, and one more row for padding, which
     * is dropped.
     */
    private NDManager step;

    private int[] ids = {};
    private NDArray all;
    private SummedRows rows;

    /** @param table group of the table alone */
    SparseEmbeddingGradient(
            Device device, ScriptModule script, Collective collective, GradientGroup table, int paddingId) {
        this.device = device;
        this.script = script;
        this.collective = collective;
        this.table = table;
        this.width = Math.toIntExact(table.parameters().get(0).shape()[1]);
        this.paddingId = paddingId;
    }

    /** Returns the rows of the step's ids; they are sums over the ranks after {@link #finish}. */
    Gradient.LookedUp lookedUp() {
        return new Gradient.LookedUp(ids, rows.rows());
    }

    @Override
    public List<ParameterGradient> parameters() {
        Gradient whole = new Gradient.Rows(this::lookedUp, width, 0);
        return table.updated(device.manager(), script, collective, List.of(whole));
    }

    @Override
    public boolean needsIds() {
        return true;
    }

    @Override
    public void begin(int[] sortedIds) {
        if (step != null) {
            step.close();
        }
        ids = sortedIds;
        step = device.manager().newSubManager();
        all = step.zeros(new Shape(ids.length + 1L, width), DataType.FLOAT32);
        rows = new SummedRows(device, script, collective, all.get("0:" + ids.length));
    }

    @Override
    public void add(NDManager owner, Batch batch, NDArray gradient) {
        long[] indices = batch.ids().toLongArray();
        for (int i = 0; i < indices.length; i++) {
            indices[i] = indices[i] == paddingId ? ids.length : Arrays.binarySearch(ids, (int) indices[i]);
        }
        script.call(owner, "add_rows", all, Tensors.of(owner, indices), gradient);
    }

    @Override
    public void complete() {
        rows.complete();
    }

    @Override
    public void finish() {
        rows.finish();
    }

    @Override
    public float[] norms(NDManager owner) {
        return rows.norms(owner, script, table.cut().unit());
    }
}
