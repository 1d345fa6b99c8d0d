package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/** Rows that every rank holds whole, and that are summed over the ranks. */
final class SummedRows {
    private final Collective collective;
    private final NDArray rows;
    private final List<HostBuffer> parts;
    private final List<Future<?>> sums = new ArrayList<>();

    /** @param rows contiguous tensor in F32 */
    SummedRows(Device device, ScriptModule script, Collective collective, NDArray rows) {
        this.collective = collective;
        this.rows = rows;
        this.parts = TensorParts.all(rows.getManager(), device, script, rows);
    }

    NDArray rows() {
        return rows;
    }

    /** Starts to replace the rows by their sums over the ranks. */
    void complete() {
        sums.addAll(WholeBucket.allReduce(collective, parts));
    }

    /** Waits for the sums. */
    void finish() {
        WholeBucket.finish(collective, parts, sums);
    }

    float[] norms(NDManager owner, ScriptModule script, int unit) {
        return GradientNorms.of(owner, script, List.of(rows), unit);
    }
}
