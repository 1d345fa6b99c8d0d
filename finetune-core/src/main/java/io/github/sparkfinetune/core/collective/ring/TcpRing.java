package io.github.sparkfinetune.core.collective.ring;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.SingleRank;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The collective of several ranks, connected by TCP or, on one machine, by Unix domain sockets; {@link Topology} says
 * who with whom. One thread moves the bytes and works off the operations in the order in which they were called; it
 * gives signs of life while the caller computes and blocks while there is nothing to move.
 *
 * <p>On each connection: the {@link Handshake}, then {@link Frame frames}. Operations are numbered from 1 in the order
 * of the calls, which is the same on all ranks; {@link AllReduceOperation} and {@link AllGatherOperation} say which
 * chunks one consists of. A heartbeat is due when nothing was sent to a peer for a quarter of
 * {@link RingTimeouts#silence()}. A peer is lost when nothing came from it for all of that, while this rank listened. A
 * peer that lives is lost when no chunk came within {@link RingTimeouts#operation()}, in which its heartbeats say that
 * it has neither begun the operation nor {@link #progressed() got further}; or, where it has begun the operation,
 * within twice that, in which no rank at all got further.
 *
 * <p>When a rank is lost every other one fails with its name: who notices tells its peers by an abort, which pass it
 * on. From then on every operation fails the same way. Ranks that call different operations, or with different sizes,
 * fail with an {@link IllegalStateException} that names both operations. Who ends sends an abort or a goodbye, shuts
 * down its output, reads what the peers still send until they have closed, and closes; half a second is given to each
 * of sending and waiting.
 *
 * <p>Ranks prove to each other that they know the secret when they join. What they exchange afterwards is sealed by
 * {@link FrameCipher} between machines if {@link RingMember#encrypted()}: a frame that isn't the one that the peer has
 * sent counts as the loss of that peer. Else it is neither encrypted nor signed.
 */
public final class TcpRing implements Collective {
    private static final Logger LOG = LoggerFactory.getLogger(TcpRing.class);
    /** Most bytes of one sum. */
    private static final int PIECE = 16 << 20;
    /** Numbers of a sum that travel at once: 128 KiB. */
    private static final int VALUES_A_PIECE = 16 << 10;

    private final RingMember member;
    private final Topology topology;
    private final SumTree tree;
    private final List<List<Integer>> covers = new ArrayList<>();
    private final RingBuffers buffers = new RingBuffers();
    private final RingThread loop;
    private final Thread thread;

    private TcpRing(RingMember member, RingThread loop) {
        this.member = member;
        this.topology = member.topology();
        this.tree = new SumTree(member.size());
        for (int host = 0; host < topology.hosts(); host++) {
            covers.add(tree.cover(topology.ranks(host)));
        }
        this.loop = loop;
        this.thread = new Thread(loop, "ring-" + member.rank());
        thread.setDaemon(true);
    }

    /**
     * Joins the ring: connects to some peers, waits for the others, proves to each that it is a member and has it prove
     * it. Others that connect are dropped and logged.
     *
     * @param endpoint the sockets whose address is {@code member}'s; closed on return, however this ends
     * @param cancelled polled while ranks wait for each other; true ends the waiting with a
     *     {@link CancellationException}, also in every later operation
     * @return a collective that the caller closes; {@link SingleRank} for a single rank
     * @throws LostRankException if a peer has not joined in time or is gone
     * @throws CancellationException if cancelled or interrupted
     */
    public static Collective join(
            RingEndpoint endpoint, RingMember member, RingTimeouts timeouts, BooleanSupplier cancelled) {
        try (endpoint) {
            if (member.size() == 1) {
                return new SingleRank();
            }
            if (member.encrypted()) {
                FrameCipher.warmUp();
            }
            TcpRing ring = new TcpRing(member, Rendezvous.join(endpoint, member, timeouts, cancelled));
            ring.thread.start();
            return ring;
        } catch (IOException e) {
            throw new UncheckedIOException(member.name(member.rank()) + " cannot join its ring", e);
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
        if (!floats.isDirect() || floats.order() != ByteOrder.nativeOrder() || floats.remaining() % Float.BYTES != 0) {
            throw new IllegalArgumentException("not a direct buffer of floats in native order: " + floats);
        }
        // In pieces, because a rank whose peer is late may have to keep as much as it sums at once.
        ByteBuffer left = floats.duplicate();
        while (true) {
            int length = Math.min(PIECE, left.remaining());
            ByteBuffer piece = left.slice(left.position(), length);
            RingOperation operation = new AllReduceOperation(member.rank(), topology, tree, covers, piece, buffers);
            loop.submit(operation);
            left.position(left.position() + length);
            if (!left.hasRemaining()) {
                // The ones before are done by then, or have failed like it.
                return operation.future();
            }
        }
    }

    @Override
    public void allReduce(double[] values) {
        // In pieces, because every rank gets a piece of all the others.
        for (int from = 0; from == 0 || from < values.length; from += VALUES_A_PIECE) {
            allReduce(values, from, Math.min(VALUES_A_PIECE, values.length - from));
        }
    }

    private void allReduce(double[] values, int from, int count) {
        ByteBuffer mine = ByteBuffer.allocate(count * Double.BYTES);
        mine.asDoubleBuffer().put(values, from, count);
        byte[][] all = gather(RingOperation.Kind.ALL_REDUCE_DOUBLES, mine.array());
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
        RingFailure failure = loop.failure();
        if (failure != null) {
            throw failure.exception();
        }
    }

    @Override
    public byte[][] allGather(byte[] mine) {
        return gather(RingOperation.Kind.ALL_GATHER, mine);
    }

    @Override
    public void allGatherInto(List<List<ByteBuffer>> shares) {
        run(new AllGatherOperation(member.rank(), topology, shares));
    }

    private byte[][] gather(RingOperation.Kind kind, byte[] mine) {
        AllGatherOperation operation = new AllGatherOperation(kind, member.rank(), topology, mine);
        run(operation);
        return operation.blocks();
    }

    private void run(RingOperation operation) {
        loop.submit(operation);
        try {
            operation.future().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (CancellationException)
                    new CancellationException("interrupted while waiting for the other ranks").initCause(e);
        } catch (ExecutionException e) {
            throw loop.failure().exception();
        }
    }

    /**
     * Leaves the ring. Operations that are under way fail, on all ranks. Safe at any time and from any thread; ends
     * within seconds and leaves no thread and no socket.
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
