package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.address.Topology;
import io.github.sparkfinetune.core.collective.exchange.PartialSums.Memory;
import io.github.sparkfinetune.core.collective.exchange.PartialSums.Sum;
import io.github.sparkfinetune.core.collective.exchange.PartialSums.Values;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Sum of float buffers over n ranks, in n blocks. Each block is added up on its way to the rank that owns it. A
 * reduce-scatter ends there; in an all-reduce the sum returns the same way.
 *
 * <p>The buffers of a block, one after the other, are sent as chunks of 262,144 bytes and a rest for each buffer, F32
 * in native byte order, which must be the same on all ranks. An empty block is not sent. A chunk of block b takes these
 * steps, of which a reduce-scatter has the first three:
 *
 * <ol>
 *   <li>Each rank sends its values to its host's {@linkplain Topology#collector collector} of b.
 *   <li>The collector adds them up and sends the sums to rank b, one sum for each node that {@link SumTree#cover
 *       covers} its host's ranks. It is a single sum if hosts have equal numbers of ranks that are powers of two.
 *   <li>Rank b adds the sums up.
 *   <li>Rank b sends the total to the other hosts' collectors and to the other ranks of its own host.
 *   <li>A collector sends the total to the other ranks of its host.
 * </ol>
 *
 * <p>{@link Frame.Part#node} is the node of a chunk's sum, {@link Frame.Part#total} is the number of bytes of all
 * blocks. Values are added in the order of {@link SumTree}. The result is therefore bit-equal on every rank,
 * independent of the ranks' hosts and of the blocks.
 *
 * <p>Only sums of whole hosts and totals cross hosts. In an all-reduce of N floats, each of h equal hosts sends and
 * receives 2 (h - 1) / h N floats, the minimum, after two latencies; in a reduce-scatter half of it, after one.
 *
 * <p>Source: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH" (2005), on
 * reduce-scatter and all-gather by direct exchange.
 */
final class ReduceOperation extends ExchangeOperation {
    private final int rank;
    private final int size;
    private final int host;
    private final Topology topology;
    private final SumTree tree;
    /** Each block's chunks. */
    private final List<List<ByteBuffer>> chunks = new ArrayList<>();

    private final long total;
    private final ExchangeBuffers buffers;
    private final List<List<Integer>> covers;
    private final int[] awaited;
    private int allAwaited;

    private final PartialSums sums;

    /**
     * Creates a sum.
     *
     * @param kind {@link Kind#ALL_REDUCE} or {@link Kind#REDUCE_SCATTER}
     * @param covers by host, the nodes that cover its ranks
     * @param blocks by rank, its block: buffers from position to limit, in native order
     */
    ReduceOperation(
            Kind kind,
            int rank,
            Topology topology,
            SumTree tree,
            List<List<Integer>> covers,
            List<List<ByteBuffer>> blocks,
            ExchangeBuffers buffers) {
        super(kind, topology.size());
        this.rank = rank;
        this.size = topology.size();
        this.host = topology.hostOf(rank);
        this.topology = topology;
        this.tree = tree;
        this.covers = covers;
        this.buffers = buffers;
        this.sums = new PartialSums(tree, buffers);
        this.awaited = new int[size];
        for (List<ByteBuffer> block : blocks) {
            chunks.add(cut(block));
        }
        this.total = chunks.stream()
                .flatMap(List::stream)
                .mapToLong(ByteBuffer::limit)
                .sum();
        for (int block = 0; block < size; block++) {
            expect(block);
        }
    }

    private void expect(int block) {
        int count = chunks(block);
        int collector = topology.collector(host, block);
        if (rank != collector) {
            await(collector, returns() ? count : 0);
            return;
        }
        for (int other : topology.ranks(host)) {
            await(other, count);
        }
        if (rank != block) {
            await(block, returns() ? count : 0);
            return;
        }
        for (int far = 0; far < topology.hosts(); far++) {
            await(topology.collector(far, block), count * covers.get(far).size());
        }
    }

    /** Returns whether the sums return to all ranks. */
    private boolean returns() {
        return kind() == Kind.ALL_REDUCE;
    }

    private void await(int peer, int count) {
        if (peer != rank) {
            awaited[peer] += count;
            allAwaited += count;
        }
    }

    @Override
    void begin() {
        int most = 0;
        for (int block = 0; block < size; block++) {
            most = Math.max(most, chunks(block));
        }
        for (int chunk = 0; chunk < most; chunk++) {
            // Each rank begins with another block, so that no rank receives all first chunks at once.
            for (int i = 1; i <= size; i++) {
                int block = (rank + i) % size;
                if (chunk < chunks(block)) {
                    addOrSend(block, chunk);
                }
            }
        }
    }

    private void addOrSend(int block, int chunk) {
        int collector = topology.collector(host, block);
        if (rank == collector) {
            add(block, chunk, rank, new Values(own(block, chunk), Memory.OWN));
        } else {
            send(collector, outgoing(own(block, chunk), block, chunk, rank, false));
        }
    }

    private Outgoing outgoing(ByteBuffer body, int block, int chunk, int node, boolean lent) {
        return new Outgoing(new Frame.Part(total, block, chunk, node), body, lent);
    }

    private void add(int block, int chunk, int leaf, Values values) {
        sums.add(block, chunk, leaf, values, node -> isComplete(node, block))
                .ifPresent(sum -> complete(block, chunk, sum));
    }

    /**
     * Returns whether a node is the last that this rank adds up: the whole sum of its own block, or a sum that it
     * forwards.
     */
    private boolean isComplete(int node, int block) {
        return block == rank ? node == tree.root() : covers.get(host).contains(node);
    }

    private void complete(int block, int chunk, Sum sum) {
        if (block == rank) {
            sums.forget(block, chunk);
            if (!returns()) {
                return;
            }
            sendSum(block, chunk);
            for (int far = 0; far < topology.hosts(); far++) {
                if (far != host) {
                    send(topology.collector(far, block), outgoing(own(block, chunk), block, chunk, tree.root(), false));
                }
            }
            return;
        }
        Values values = sum.values();
        send(block, outgoing(values.bytes(), block, chunk, sum.node(), values.memory() == Memory.LENT));
    }

    /** Sends a whole sum, which is in this rank's memory, to the other ranks of its host. */
    private void sendSum(int block, int chunk) {
        for (int other : topology.ranks(host)) {
            if (other != rank) {
                send(other, outgoing(own(block, chunk), block, chunk, tree.root(), false));
            }
        }
    }

    @Override
    void sent(Outgoing chunk) {
        if (chunk.lent()) {
            buffers.back(chunk.body());
        }
    }

    @Override
    long ownBytes() {
        return total;
    }

    @Override
    boolean expects(int peer, Frame frame) {
        Frame.Part part = frame.part();
        int block = part.block();
        if (part.total() != total
                || block < 0
                || block >= size
                || part.chunk() < 0
                || part.chunk() >= chunks(block)
                || frame.length() != length(block, part.chunk())
                || part.node() < 0
                || part.node() > tree.root()
                || awaited[peer] == 0) {
            return false;
        }
        int collector = topology.collector(host, block);
        if (part.node() == tree.root()) {
            return returns() && block != rank && peer == (rank == collector ? block : collector);
        }
        boolean near = topology.hostOf(peer) == host && part.node() == peer;
        boolean far = block == rank
                && topology.hostOf(peer) != host
                && peer == topology.collector(topology.hostOf(peer), block)
                && covers.get(topology.hostOf(peer)).contains(part.node());
        return rank == collector && (near || far);
    }

    @Override
    ByteBuffer target(Frame frame) {
        Frame.Part part = frame.part();
        return part.node() == tree.root() ? own(part.block(), part.chunk()) : buffers.take(frame.length());
    }

    @Override
    void received(int peer, Frame frame, ByteBuffer body) {
        take(peer, frame, new Values(body, Memory.LENT));
    }

    @Override
    void take(int peer, Frame frame, ByteBuffer body) {
        if (frame.part().node() == tree.root()) {
            target(frame).put(body);
        }
        take(peer, frame, new Values(body, Memory.BORROWED));
    }

    private void take(int peer, Frame frame, Values values) {
        awaited[peer]--;
        allAwaited--;
        Frame.Part part = frame.part();
        if (part.node() != tree.root()) {
            add(part.block(), part.chunk(), part.node(), values);
        } else if (topology.collector(host, part.block()) == rank) {
            sums.forget(part.block(), part.chunk());
            sendSum(part.block(), part.chunk());
        }
    }

    @Override
    int awaited(int peer) {
        return awaited[peer];
    }

    @Override
    boolean allReceived() {
        return allAwaited == 0;
    }

    /** Returns a new view of this rank's own values of a chunk. */
    private ByteBuffer own(int block, int chunk) {
        return chunks.get(block).get(chunk).duplicate().order(ByteOrder.nativeOrder());
    }

    private int chunks(int block) {
        return chunks.get(block).size();
    }

    private int length(int block, int chunk) {
        return chunks.get(block).get(chunk).limit();
    }
}
