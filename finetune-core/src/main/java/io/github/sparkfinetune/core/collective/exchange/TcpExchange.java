package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.core.collective.address.Topology;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collective of several ranks, connected by TCP or, on one machine, by Unix domain sockets; {@link Topology} defines
 * the connections. One thread moves the bytes and works off the operations in the order of the calls. It sends
 * heartbeats while the caller computes, and blocks while there is nothing to move.
 *
 * <p>A connection begins with the {@link Handshake}, followed by {@link Frame frames}. Operations are numbered from 1
 * in the order of the calls, which is the same on all ranks; {@link ReduceOperation} and {@link AllGatherOperation}
 * define an operation's chunks. A heartbeat is due if nothing was sent to a peer for a quarter of
 * {@link ExchangeTimeouts#silence()}. A peer is lost in three cases:
 *
 * <ul>
 *   <li>Nothing arrived from it during {@link ExchangeTimeouts#silence()}, while this rank listened.
 *   <li>No chunk arrived within {@link ExchangeTimeouts#operation()}, and its heartbeats show that it has neither begun
 *       the operation nor {@link #progressed() made progress}.
 *   <li>It has begun the operation, and no rank at all made progress within twice {@link ExchangeTimeouts#operation()}.
 * </ul>
 *
 * <p>When a rank is lost, all other ranks fail with its name: a rank that notices the loss sends an abort to its peers,
 * which forward it. From then on every operation fails the same way. Ranks that call different operations, or with
 * different sizes, fail with an {@link IllegalStateException} that names both operations. A rank that ends sends an
 * abort or a goodbye, shuts down its output, reads the peers' remaining bytes until they have closed, and closes.
 * Sending and waiting take at most half a second each.
 *
 * <p>When ranks join, they prove to each other that they know the secret. {@link FrameCipher} then seals frames between
 * machines if {@link Member#encrypted()}; a frame that differs from the peer's frame counts as the loss of the peer.
 * Other frames are neither encrypted nor signed.
 */
public final class TcpExchange implements Collective {
    private static final Logger LOG = LoggerFactory.getLogger(TcpExchange.class);
    /** Most bytes of one sum. */
    private static final int PIECE = 16 << 20;
    /** Number of a sum's values that are sent at once: 128 KiB. */
    private static final int VALUES_PER_PIECE = 16 << 10;

    private final Member member;
    private final Topology topology;
    private final SumTree tree;
    private final List<List<Integer>> covers = new ArrayList<>();
    private final ExchangeBuffers buffers = new ExchangeBuffers();
    private final ExchangeThread loop;
    private final Thread thread;

    private TcpExchange(Member member, ExchangeThread loop) {
        this.member = member;
        this.topology = member.topology();
        this.tree = new SumTree(member.size());
        for (int host = 0; host < topology.hosts(); host++) {
            covers.add(tree.cover(topology.ranks(host)));
        }
        this.loop = loop;
        this.thread = new Thread(loop, "exchange-" + member.rank());
        thread.setDaemon(true);
    }

    /**
     * Joins the exchange: connects to some peers, waits for the others, and exchanges proofs of membership with each.
     * Other connections are dropped and logged.
     *
     * @param endpoint listening sockets of {@code member}'s address; closed on return and on failure
     * @param cancelled condition that is polled while ranks wait for each other; if true, the waiting ends with a
     *     {@link CancellationException}, also in later operations
     * @return a collective that the caller closes; {@link SingleRank} for a single rank
     * @throws LostRankException if a peer has not joined in time or is gone
     * @throws CancellationException if cancelled or interrupted
     */
    public static Collective join(
            RankEndpoint endpoint, Member member, ExchangeTimeouts timeouts, BooleanSupplier cancelled) {
        try (endpoint) {
            if (member.size() == 1) {
                return new SingleRank();
            }
            if (member.encrypted()) {
                FrameCipher.warmUp();
            }
            TcpExchange exchange = new TcpExchange(member, Rendezvous.join(endpoint, member, timeouts, cancelled));
            exchange.thread.start();
            return exchange;
        } catch (IOException e) {
            throw new UncheckedIOException(member.name(member.rank()) + " cannot join its exchange", e);
        }
    }

    @Override
    public int rank() {
        return member.rank();
    }

    @Override
    public int size() {
        return member.size();
    }

    @Override
    public String name(int of) {
        return member.name(of);
    }

    @Override
    public Future<?> allReduceAsync(ByteBuffer floats) {
        requireFloats(floats);
        // In pieces, because a rank with a late peer may have to buffer as much as one sum.
        ByteBuffer remaining = floats.duplicate();
        while (true) {
            int length = Math.min(PIECE, remaining.remaining());
            List<List<ByteBuffer>> blocks = new ArrayList<>();
            for (int block = 0; block < size(); block++) {
                int from = start(length, block);
                blocks.add(List.of(remaining.slice(remaining.position() + from, start(length, block + 1) - from)));
            }
            ExchangeOperation operation = sum(ExchangeOperation.Kind.ALL_REDUCE, blocks);
            remaining.position(remaining.position() + length);
            if (!remaining.hasRemaining()) {
                // The previous pieces are done by then, or have failed too.
                return operation.future();
            }
        }
    }

    private int start(int length, int block) {
        return (int) ((long) length / Float.BYTES * block / size()) * Float.BYTES;
    }

    private ExchangeOperation sum(ExchangeOperation.Kind kind, List<List<ByteBuffer>> blocks) {
        ExchangeOperation operation = new ReduceOperation(kind, member.rank(), topology, tree, covers, blocks, buffers);
        loop.submit(operation);
        return operation;
    }

    private static void requireFloats(ByteBuffer floats) {
        if (!floats.isDirect() || floats.order() != ByteOrder.nativeOrder() || floats.remaining() % Float.BYTES != 0) {
            throw new IllegalArgumentException("not a direct buffer of floats in native order: " + floats);
        }
    }

    @Override
    public Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares) {
        shares.forEach(share -> share.forEach(TcpExchange::requireFloats));
        List<Deque<ByteBuffer>> remaining = new ArrayList<>();
        shares.forEach(share -> remaining.add(new ArrayDeque<>(share)));
        int bytes = Math.max(1, PIECE / size() / ExchangeOperation.CHUNK) * ExchangeOperation.CHUNK;
        while (true) {
            // A piece has some of each share, so that all ranks add at the same time.
            List<List<ByteBuffer>> blocks =
                    remaining.stream().map(share -> take(share, bytes)).toList();
            ExchangeOperation operation = sum(ExchangeOperation.Kind.REDUCE_SCATTER, blocks);
            if (remaining.stream().allMatch(Deque::isEmpty)) {
                return operation.future();
            }
        }
    }

    /** Removes at most a number of bytes from the start of some buffers. */
    private static List<ByteBuffer> take(Deque<ByteBuffer> buffers, int bytes) {
        List<ByteBuffer> taken = new ArrayList<>();
        int left = bytes;
        while (left > 0 && !buffers.isEmpty()) {
            ByteBuffer first = buffers.poll();
            int length = Math.min(left, first.remaining());
            taken.add(first.slice(first.position(), length));
            left -= length;
            if (length < first.remaining()) {
                buffers.addFirst(first.slice(first.position() + length, first.remaining() - length));
            }
        }
        return taken;
    }

    @Override
    public void allReduce(double[] values) {
        // In pieces, because every rank receives a piece of every other rank.
        for (int from = 0; from == 0 || from < values.length; from += VALUES_PER_PIECE) {
            allReduce(values, from, Math.min(VALUES_PER_PIECE, values.length - from));
        }
    }

    private void allReduce(double[] values, int from, int count) {
        ByteBuffer own = ByteBuffer.allocate(count * Double.BYTES);
        own.asDoubleBuffer().put(values, from, count);
        byte[][] all = gather(ExchangeOperation.Kind.ALL_REDUCE_DOUBLES, own.array());
        double[] addend = new double[count];
        ByteBuffer.wrap(all[0]).asDoubleBuffer().get(values, from, count);
        for (int rank = 1; rank < all.length; rank++) {
            ByteBuffer.wrap(all[rank]).asDoubleBuffer().get(addend);
            for (int i = 0; i < count; i++) {
                values[from + i] += addend[i];
            }
        }
    }

    @Override
    public void progressed() {
        loop.progressed();
        ExchangeFailure failure = loop.failure();
        if (failure != null) {
            throw failure.exception();
        }
    }

    @Override
    public byte[][] allGather(byte[] own) {
        return gather(ExchangeOperation.Kind.ALL_GATHER, own);
    }

    @Override
    public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
        ExchangeOperation operation = new AllGatherOperation(member.rank(), topology, shares);
        loop.submit(operation);
        return operation.future();
    }

    private byte[][] gather(ExchangeOperation.Kind kind, byte[] own) {
        AllGatherOperation operation = new AllGatherOperation(kind, member.rank(), topology, own);
        loop.submit(operation);
        Collective.await(operation.future());
        return operation.blocks();
    }

    /**
     * Leaves the exchange. Pending operations fail on all ranks. Any thread may call it at any time; it ends within
     * seconds and leaves no thread and no socket.
     */
    @Override
    public void close() {
        loop.close();
        boolean interrupted = false;
        long deadline = System.nanoTime() + 10 * GracefulClose.NANOS;
        while (thread.isAlive() && System.nanoTime() < deadline) {
            try {
                thread.join(TimeUnit.NANOSECONDS.toMillis(Math.max(1_000_000, deadline - System.nanoTime())));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (thread.isAlive()) {
            LOG.warn("the thread of {} has not ended", member.name(member.rank()));
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
