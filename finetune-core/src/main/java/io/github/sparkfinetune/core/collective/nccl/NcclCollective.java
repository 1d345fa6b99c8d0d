package io.github.sparkfinetune.core.collective.nccl;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.github.sparkfinetune.core.collective.Collective;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Collective of ranks with a GPU each. Sums of gradients, and weights of which each rank holds a share, travel by NCCL
 * from GPU to GPU. What is in host memory passes through an exchange on the hosts, which also notices lost ranks.
 *
 * <p>NCCL adds in the order of its own ring. Results are bit-equal on every rank, and in every run on the same
 * machines, but differ from those of the exchange in the last bits.
 */
final class NcclCollective implements Collective {
    private final Nccl nccl;
    private final Collective exchange;
    private final Communicator communicator;

    /** Creates a collective that owns a communicator and an exchange of the same ranks. */
    NcclCollective(Nccl nccl, Collective exchange, Communicator communicator) {
        this.nccl = nccl;
        this.exchange = exchange;
        this.communicator = communicator;
    }

    /** A block, and the rank that receives or sends it. */
    private record Share(int rank, Nccl.Block block) {}

    @Override
    public int rank() {
        return exchange.rank();
    }

    @Override
    public int size() {
        return exchange.size();
    }

    @Override
    public String name(int of) {
        return exchange.name(of);
    }

    @Override
    public boolean isOnDevice() {
        return true;
    }

    @Override
    public Future<?> allReduceAsync(ByteBuffer floats) {
        if (!isOnGpu(List.of(List.of(floats)))) {
            return byExchange(() -> exchange.allReduceAsync(floats));
        }
        Nccl.Block block = block(floats, Float.BYTES);
        return communicator.start((handle, stream) -> nccl.allReduce(handle, stream, block));
    }

    @Override
    public Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares) {
        if (!isOnGpu(shares)) {
            return byExchange(() -> exchange.reduceScatterAsync(shares));
        }
        return together(
                shares(shares, Float.BYTES),
                (handle, stream, share) -> nccl.reduce(handle, stream, share.block(), share.rank()));
    }

    @Override
    public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
        if (!isOnGpu(shares)) {
            return byExchange(() -> exchange.allGatherIntoAsync(shares));
        }
        return together(
                shares(shares, 1),
                (handle, stream, share) -> nccl.broadcast(handle, stream, share.block(), share.rank()));
    }

    @Override
    public Future<?> reduceScatterEvenAsync(List<ByteBuffer> memory) {
        if (!isOnGpu(List.of(memory))) {
            return byExchange(() -> exchange.reduceScatterEvenAsync(memory));
        }
        return evenly(memory, Float.BYTES, nccl::reduceScatter);
    }

    @Override
    public Future<?> allGatherEvenAsync(List<ByteBuffer> memory) {
        if (!isOnGpu(List.of(memory))) {
            return byExchange(() -> exchange.allGatherEvenAsync(memory));
        }
        return evenly(memory, 1, nccl::allGather);
    }

    /** Call for a block of equal shares. */
    private interface EvenCall {
        void run(long communicator, long stream, Nccl.Block all, Nccl.Block own);
    }

    private Future<?> evenly(List<ByteBuffer> memory, int unit, EvenCall call) {
        List<Nccl.Block> blocks = memory.stream()
                .filter(ByteBuffer::hasRemaining)
                .map(buffer -> block(buffer, unit * size()))
                .toList();
        return communicator.start((handle, stream) ->
                nccl.group(() -> blocks.forEach(all -> call.run(handle, stream, all, own(all)))));
    }

    /** Returns this rank's share of a block of equal shares. */
    private Nccl.Block own(Nccl.Block all) {
        long bytes = all.bytes() / size();
        return new Nccl.Block(all.address() + rank() * bytes, bytes);
    }

    /** Call for a share. */
    private interface Call {
        void run(long communicator, long stream, Share share);
    }

    private Future<?> together(List<Share> shares, Call call) {
        return communicator.start(
                (handle, stream) -> nccl.group(() -> shares.forEach(share -> call.run(handle, stream, share))));
    }

    /** Returns whether the first value is in the memory of a GPU; no values are on the host. */
    private boolean isOnGpu(List<List<ByteBuffer>> buffers) {
        return buffers.stream()
                .flatMap(List::stream)
                .filter(ByteBuffer::hasRemaining)
                .findFirst()
                .filter(buffer -> buffer.isDirect() && nccl.isOnGpu(address(buffer)))
                .isPresent();
    }

    private static long address(ByteBuffer buffer) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(buffer)) + buffer.position();
    }

    private List<Share> shares(List<List<ByteBuffer>> byRank, int unit) {
        List<Share> shares = new ArrayList<>();
        for (int rank = 0; rank < byRank.size(); rank++) {
            for (ByteBuffer buffer : byRank.get(rank)) {
                if (buffer.hasRemaining()) {
                    shares.add(new Share(rank, block(buffer, unit)));
                }
            }
        }
        return shares;
    }

    private static Nccl.Block block(ByteBuffer buffer, int unit) {
        if (buffer.remaining() % unit != 0) {
            throw new IllegalArgumentException("not the memory of values of " + unit + " bytes: " + buffer);
        }
        return new Nccl.Block(address(buffer), buffer.remaining());
    }

    @Override
    public void allReduce(double[] values) {
        byExchange(() -> {
            exchange.allReduce(values);
            return null;
        });
    }

    @Override
    public byte[][] allGather(byte[] own) {
        return byExchange(() -> exchange.allGather(own));
    }

    @Override
    public void progressed() {
        byExchange(() -> {
            exchange.progressed();
            return null;
        });
    }

    /** Runs an operation of the exchange; names the failure of NCCL if that has ended the exchange. */
    private <T> T byExchange(Supplier<T> operation) {
        communicator.require();
        try {
            return operation.get();
        } catch (RuntimeException e) {
            communicator.require();
            throw e;
        }
    }

    @Override
    public void close() {
        communicator.close();
        exchange.close();
    }
}
