package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * An optimizer of which each rank has a share (Rajbhandari et al. 2020, ZeRO, stage 1). A rank keeps state for its
 * share only, updates these values, and receives the other values from the other ranks. All ranks hold the same
 * gradients, so the parameters have the same bits as if each rank had updated all values.
 */
final class ShardedOptimizer implements Optimizer {
    private final Optimizer own;
    private final Collective collective;
    /** Parts of each parameter. */
    private final List<List<HostBuffer>> values;

    private final List<List<ByteBuffer>> shares;

    /**
     * @param own optimizer of this rank's share
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param parameters all trained parameters
     * @param shares shares of each rank
     */
    ShardedOptimizer(
            Optimizer own,
            Device device,
            ScriptModule script,
            Collective collective,
            List<ParameterGradient> parameters,
            List<List<ParameterShare>> shares) {
        this.own = own;
        this.collective = collective;
        this.values = parameters.stream()
                .map(trained -> TensorParts.all(
                        device.manager(), device, script, trained.parameter().value()))
                .toList();
        this.shares = new ArrayList<>();
        for (List<ParameterShare> ofRank : shares) {
            this.shares.add(ofRank.stream().flatMap(this::bytes).toList());
        }
    }

    /** Returns the memory of a share: stretches of its parameter's parts. */
    private Stream<ByteBuffer> bytes(ParameterShare share) {
        Stream.Builder<ByteBuffer> stretches = Stream.builder();
        long before = 0;
        for (HostBuffer part : values.get(share.index())) {
            ByteBuffer bytes = part.bytes();
            int from = (int) Math.max(0, share.from() * Float.BYTES - before);
            int to = (int) Math.min(bytes.limit(), share.to() * Float.BYTES - before);
            if (from < to) {
                stretches.add(bytes.slice(from, to - from));
            }
            before += bytes.limit();
        }
        return stretches.build();
    }

    @Override
    public void step(NDManager owner, long step, double rate, double divisor) {
        own.step(owner, step, rate, divisor);
        values.forEach(parts -> parts.forEach(HostBuffer::download));
        collective.allGatherInto(shares);
        values.forEach(parts -> parts.forEach(HostBuffer::upload));
    }

    @Override
    public Map<String, NDArray> state() {
        return own.state();
    }
}
