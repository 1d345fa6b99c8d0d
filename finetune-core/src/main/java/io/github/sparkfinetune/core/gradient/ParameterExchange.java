package io.github.sparkfinetune.core.gradient;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.shard.HostRange;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Exchange of updated parameters that every rank holds whole and each rank updates a share of. All ranks hold the same
 * gradients, so the parameters have the same bits as if each rank had updated all values.
 */
final class ParameterExchange {
    private final Collective collective;
    /** Parts of each parameter. */
    private final List<List<HostBuffer>> values = new ArrayList<>();

    private final List<List<ByteBuffer>> shares = new ArrayList<>();

    ParameterExchange(Device device, ScriptModule script, Collective collective, List<GradientGroup> groups) {
        this.collective = collective;
        for (int rank = 0; rank < collective.size(); rank++) {
            shares.add(new ArrayList<>());
        }
        for (GradientGroup group : groups) {
            List<List<HostBuffer>> ofGroup = group.parameters().stream()
                    .map(parameter -> TensorParts.all(device.manager(), device, script, parameter.value()))
                    .toList();
            values.addAll(ofGroup);
            for (int rank = 0; rank < collective.size(); rank++) {
                for (Cut.Range range : group.cut().of(rank)) {
                    shares.get(rank).addAll(HostRange.of(ofGroup.get(range.tensor()), range.from(), range.to()));
                }
            }
        }
    }

    /** Copies each rank's share to all ranks. */
    void run() {
        values.forEach(parts -> parts.forEach(HostBuffer::download));
        collective.allGatherInto(shares);
        values.forEach(parts -> parts.forEach(HostBuffer::upload));
    }
}
