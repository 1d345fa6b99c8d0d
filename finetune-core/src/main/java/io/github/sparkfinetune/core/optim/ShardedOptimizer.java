package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An optimizer of which each rank has a share (Rajbhandari et al. 2020, ZeRO, stage 1): it moves the values of its
 * share alone, keeps state for these alone, and gets what the other ranks have moved. All ranks hold the same gradients
 * before, so the parameters are the same bits as if each had moved all of them.
 */
final class ShardedOptimizer implements Optimizer {
    private final Optimizer own;
    private final Collective collective;
    private final List<HostBuffer> values;
    private final List<List<ByteBuffer>> shares;

    /**
     * @param own moves this rank's share
     * @param parameters all that are trained
     * @param shares of the ranks
     */
    ShardedOptimizer(
            Optimizer own,
            Device device,
            Collective collective,
            List<ParameterGradient> parameters,
            List<List<ParameterShare>> shares) {
        this.own = own;
        this.collective = collective;
        this.values = parameters.stream()
                .map(trained -> device.hostBuffer(trained.parameter().value()))
                .toList();
        this.shares = new ArrayList<>();
        for (List<ParameterShare> ofRank : shares) {
            this.shares.add(ofRank.stream().map(this::bytes).toList());
        }
    }

    private ByteBuffer bytes(ParameterShare share) {
        int length = Math.toIntExact((share.to() - share.from()) * Float.BYTES);
        return values.get(share.index()).bytes().slice((int) (share.from() * Float.BYTES), length);
    }

    @Override
    public void step(NDManager owner, long step, double rate, double divisor) {
        own.step(owner, step, rate, divisor);
        values.forEach(HostBuffer::download);
        collective.allGatherInto(shares);
        values.forEach(HostBuffer::upload);
    }

    @Override
    public Map<String, NDArray> state() {
        return own.state();
    }
}
