package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Gradient of an embedding table's separately trained rows, whether or not the table is also the head's weight. */
final class TokenRowsGradient implements EmbeddingGradient {
    private final ScriptModule script;
    private final Map<Integer, Integer> indices = new HashMap<>();
    private final int paddingId;
    /** The rows, followed by one row for the gradients of all other tokens. */
    private final NDArray all;

    /**
     * Part of a tied head, apart from that of the lookups: so a sharded step, in which all micro-batches pass a block
     * together, adds in the same order as other steps.
     */
    private final NDArray ofHead;

    private final SummedRows dense;
    private final GradientGroup group;
    private final Collective collective;

    /** @param group group of the rows alone */
    TokenRowsGradient(
            Device device,
            ScriptModule script,
            Collective collective,
            TokenRows rows,
            GradientGroup group,
            int paddingId) {
        this.script = script;
        this.collective = collective;
        this.group = group;
        this.paddingId = paddingId;
        int tokens = rows.tokens().size();
        for (int i = 0; i < tokens; i++) {
            indices.put(rows.tokens().get(i), i);
        }
        all = device.manager().zeros(new Shape(tokens + 1L, rows.parameter().shape()[1]), DataType.FLOAT32);
        ofHead = device.manager().zeros(new Shape(rows.parameter().shape()), DataType.FLOAT32);
        dense = new SummedRows(device, script, collective, all.get("0:" + tokens));
    }

    /** Returns the gradient to which a tied head adds. */
    NDArray ofHead() {
        return ofHead;
    }

    @Override
    public List<ParameterGradient> parameters() {
        return group.updated(all.getManager(), script, collective, List.of(new Gradient.Dense(dense.rows())));
    }

    @Override
    public boolean needsIds() {
        return false;
    }

    @Override
    public void begin(int[] sortedIds) {
        try (NDManager owner = all.getManager().newSubManager()) {
            script.call(owner, "zero", all);
            script.call(owner, "zero", ofHead);
        }
    }

    @Override
    public void add(NDManager owner, Batch batch, NDArray gradient) {
        long[] ids = batch.ids().toLongArray();
        for (int i = 0; i < ids.length; i++) {
            int id = (int) ids[i];
            ids[i] = id == paddingId ? indices.size() : indices.getOrDefault(id, indices.size());
        }
        script.call(owner, "add_rows", all, Tensors.of(owner, ids), gradient);
    }

    @Override
    public void complete() {
        dense.rows().addi(ofHead);
        dense.complete();
    }

    @Override
    public void finish() {
        dense.finish();
    }

    @Override
    public float[] norms(NDManager owner) {
        return dense.norms(owner, script, group.cut().unit());
    }
}
