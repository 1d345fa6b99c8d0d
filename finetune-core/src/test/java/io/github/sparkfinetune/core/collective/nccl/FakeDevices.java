package io.github.sparkfinetune.core.collective.nccl;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Ranks that sum by {@link FakeNccl} in the memory of the CPU, as if it were a GPU's. */
public final class FakeDevices implements AutoCloseable {
    private final FakeNetwork network;
    private final List<Collective> collectives = new ArrayList<>();

    public FakeDevices(int ranks) {
        network = new FakeNetwork(ranks);
    }

    /** Returns a rank's collective over its exchange. */
    public Collective over(Collective exchange) {
        FakeNccl nccl = new FakeNccl(network, exchange.rank());
        NcclRanks ranks = new NcclRanks(0, Path.of("unused"), false, true, Duration.ofMinutes(1));
        Collective collective = ranks.over(exchange, () -> nccl, warning -> {});
        synchronized (this) {
            collectives.add(collective);
        }
        return new Reading(collective, nccl);
    }

    @Override
    public synchronized void close() {
        collectives.forEach(Collective::close);
    }

    /** Makes the thread that reads a result wait for the GPU, as PyTorch does. */
    private static final class Reading extends ForwardingCollective {
        private final FakeNccl nccl;

        Reading(Collective collective, FakeNccl nccl) {
            super(collective);
            this.nccl = nccl;
        }

        @Override
        public boolean isOnDevice() {
            return true;
        }

        @Override
        public Future<?> allReduceAsync(ByteBuffer floats) {
            return read(super.allReduceAsync(floats));
        }

        @Override
        public Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares) {
            return read(super.reduceScatterAsync(shares));
        }

        @Override
        public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
            return read(super.allGatherIntoAsync(shares));
        }

        @Override
        public Future<?> reduceScatterEvenAsync(List<ByteBuffer> memory) {
            return read(super.reduceScatterEvenAsync(memory));
        }

        @Override
        public Future<?> allGatherEvenAsync(List<ByteBuffer> memory) {
            return read(super.allGatherEvenAsync(memory));
        }

        private Future<?> read(Future<?> operation) {
            return new CompletableFuture<Void>() {
                @Override
                public Void get() throws InterruptedException, ExecutionException {
                    operation.get();
                    nccl.synchronize();
                    return null;
                }
            };
        }
    }
}
