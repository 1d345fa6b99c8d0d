package io.github.sparkfinetune.core.collective;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/** Collective of a single rank, whose sums are its own values. */
public final class SingleRank implements Collective {

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    /** Returns true: no operation accesses a buffer. */
    @Override
    public boolean isOnDevice() {
        return true;
    }

    @Override
    public Future<?> allReduceAsync(ByteBuffer floats) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void allReduce(double[] values) {}

    @Override
    public byte[][] allGather(byte[] own) {
        return new byte[][] {own.clone()};
    }

    @Override
    public Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {}
}
