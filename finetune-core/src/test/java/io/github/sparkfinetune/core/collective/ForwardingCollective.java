package io.github.sparkfinetune.core.collective;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Future;

/** A collective that forwards all operations to another one; tests override some of them. */
public abstract class ForwardingCollective implements Collective {
    private final Collective ranks;

    protected ForwardingCollective(Collective ranks) {
        this.ranks = ranks;
    }

    @Override
    public int rank() {
        return ranks.rank();
    }

    @Override
    public int size() {
        return ranks.size();
    }

    @Override
    public String name(int of) {
        return ranks.name(of);
    }

    @Override
    public Future<?> allReduceAsync(ByteBuffer floats) {
        return ranks.allReduceAsync(floats);
    }

    @Override
    public Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares) {
        return ranks.reduceScatterAsync(shares);
    }

    @Override
    public Future<?> reduceScatterEvenAsync(List<ByteBuffer> memory) {
        return ranks.reduceScatterEvenAsync(memory);
    }

    @Override
    public void allReduce(double[] values) {
        ranks.allReduce(values);
    }

    @Override
    public byte[][] allGather(byte[] own) {
        return ranks.allGather(own);
    }

    @Override
    public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
        return ranks.allGatherIntoAsync(shares);
    }

    @Override
    public Future<?> allGatherEvenAsync(List<ByteBuffer> memory) {
        return ranks.allGatherEvenAsync(memory);
    }

    @Override
    public void progressed() {
        ranks.progressed();
    }

    @Override
    public void close() {
        ranks.close();
    }
}
