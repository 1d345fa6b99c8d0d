package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.concurrent.Future;

/**
 * Gradient of an embedding table that also maps hidden states to logits. The objective writes every row of it, the
 * looked-up rows are added.
 */
final class TiedGradient implements TableGradient {
    private final ScriptModule script;
    private final NDArray dense;
    private final int paddingId;
    private final HostBuffer host;

    TiedGradient(NDManager manager, ScriptModule script, Parameter table, int paddingId) {
        this.script = script;
        this.paddingId = paddingId;
        dense = manager.zeros(new Shape(table.shape()), DataType.FLOAT32);
        host = new HostBuffer(script, dense);
    }

    @Override
    public NDArray dense() {
        return dense;
    }

    @Override
    public NDArray nonZero() {
        return dense;
    }

    @Override
    public boolean needsIds() {
        return false;
    }

    @Override
    public void begin(int[] sortedIds) {
        // The objective's first write of a step replaces what is there.
    }

    @Override
    public void clear(NDManager owner) {
        script.call(owner, "zero", dense);
    }

    @Override
    public void add(NDManager owner, Batch batch, NDArray gradient) {
        script.call(owner, "add_lookups", dense, batch.ids(), gradient, paddingId);
    }

    @Override
    public Future<?> send(Collective collective) {
        return host.send(collective);
    }

    @Override
    public void arrived(NDManager owner, Collective collective) {
        host.arrived(collective);
    }
}
