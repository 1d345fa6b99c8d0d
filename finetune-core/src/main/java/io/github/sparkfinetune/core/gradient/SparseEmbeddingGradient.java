package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;

/**
 * Gradient of an embedding table. Only rows of tokens in the global batch are nonzero, so only these rows are held,
 * added up, all-reduced and counted in the norm. For a batch of 2,048 tokens of MiniLM, they take 3 MB instead of 47
 * MB.
 */
final class SparseEmbeddingGradient implements EmbeddingGradient {
    private final ScriptModule script;
    private final Device device;
    private final int width;
    private final int paddingId;

    /**
     * Owner of one step's arrays: the rows of the step's ids, in ascending order, and one more row for padding, which
     * is dropped.
     */
    private NDManager step;

    private int[] ids = {};
    private NDArray rows;
    private GradientBucket bucket;

    SparseEmbeddingGradient(Device device, ScriptModule script, Parameter table, int paddingId) {
        this.device = device;
        this.script = script;
        this.width = Math.toIntExact(table.shape()[1]);
        this.paddingId = paddingId;
    }

    @Override
    public Gradient gradient() {
        return new Gradient.Rows(() -> new Gradient.LookedUp(ids, bucket.flat()), width, 0);
    }

    @Override
    public GradientBucket bucket() {
        return bucket;
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
        rows = step.zeros(new Shape(ids.length + 1L, width), DataType.FLOAT32);
        bucket = GradientBucket.of(device, script, rows.get("0:" + ids.length));
    }

    @Override
    public void add(NDManager owner, Batch batch, NDArray gradient) {
        long[] indices = batch.ids().toLongArray();
        for (int i = 0; i < indices.length; i++) {
            indices[i] = indices[i] == paddingId ? ids.length : Arrays.binarySearch(ids, (int) indices[i]);
        }
        script.call(owner, "add_rows", rows, Tensors.of(owner, indices), gradient);
    }
}
