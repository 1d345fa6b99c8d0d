package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.address.Topology;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * All-gather. A rank's block goes to the other ranks of its host and, on each other host, to the block's
 * {@linkplain Topology#collector collector}, which forwards it to its host's ranks.
 *
 * <p>A block is bytes on the heap, at most 256 MiB, whose length the other ranks learn on arrival; or buffers with the
 * same lengths on all ranks, which are overwritten except on the owner. Bytes, and each buffer, are sent as chunks of
 * 262,144 bytes and a rest, numbered through the block; an empty block is one empty chunk. {@link Frame.Part#total} is
 * the block's length, {@link Frame.Part#node} its rank. An all-reduce of F64 works the same way under its own code:
 * each rank's block is its values in big-endian order, all blocks have the same length, and every rank adds them in the
 * order of the ranks.
 */
final class AllGatherOperation extends ExchangeOperation {
    private static final int LARGEST_BLOCK = 256 << 20;

    private final int rank;
    private final int host;
    private final Topology topology;
    private final byte[][] bytes;
    /** Each block's chunks in the order of sending; null while the block's length is unknown. */
    private final List<List<ByteBuffer>> chunks = new ArrayList<>();

    private final long[] lengths;
    /** Number of received chunks of each block. */
    private final int[] receivedChunks;

    private final int[] awaited;
    private int allAwaited;

    private AllGatherOperation(Kind kind, int rank, Topology topology) {
        super(kind, topology.size());
        this.rank = rank;
        this.host = topology.hostOf(rank);
        this.topology = topology;
        this.bytes = new byte[topology.size()][];
        this.lengths = new long[bytes.length];
        this.receivedChunks = new int[bytes.length];
        this.awaited = new int[bytes.length];
        for (int block = 0; block < bytes.length; block++) {
            chunks.add(null);
            if (block != rank) {
                awaited[source(block)]++;
                allAwaited++;
            }
        }
    }

    /** @param own this rank's block */
    AllGatherOperation(Kind kind, int rank, Topology topology, byte[] own) {
        this(kind, rank, topology);
        if (own.length > LARGEST_BLOCK) {
            throw new IllegalArgumentException(own.length + " bytes to gather: at most " + LARGEST_BLOCK);
        }
        allocate(rank, own.clone());
    }

    /** @param shares blocks by rank */
    AllGatherOperation(int rank, Topology topology, List<List<ByteBuffer>> shares) {
        this(Kind.ALL_GATHER_INTO, rank, topology);
        for (int block = 0; block < shares.size(); block++) {
            divide(block, shares.get(block));
        }
    }

    private void allocate(int block, byte[] memory) {
        bytes[block] = memory;
        divide(block, List.of(ByteBuffer.wrap(memory)));
    }

    private void divide(int block, List<ByteBuffer> buffers) {
        List<ByteBuffer> cut = cut(buffers);
        lengths[block] = cut.stream().mapToLong(ByteBuffer::limit).sum();
        chunks.set(block, cut.isEmpty() ? List.of(ByteBuffer.allocate(0)) : cut);
    }

    /** Returns the rank that sends another rank's block to this rank. */
    private int source(int block) {
        int collector = topology.collector(host, block);
        return collector == rank ? block : collector;
    }

    /** Returns every rank's bytes; complete once the operation is. */
    byte[][] blocks() {
        return bytes;
    }

    @Override
    void begin() {
        for (int chunk = 0; chunk < chunks.get(rank).size(); chunk++) {
            for (int far = 0; far < topology.hosts(); far++) {
                if (far != host) {
                    send(topology.collector(far, rank), outgoing(rank, chunk));
                }
            }
            sendNear(rank, chunk);
        }
    }

    private void sendNear(int block, int chunk) {
        for (int other : topology.ranks(host)) {
            if (other != rank) {
                send(other, outgoing(block, chunk));
            }
        }
    }

    private Outgoing outgoing(int block, int chunk) {
        return new Outgoing(new Frame.Part(lengths[block], block, chunk, block), body(block, chunk), false);
    }

    @Override
    long ownBytes() {
        return lengths[rank];
    }

    @Override
    boolean expects(int peer, Frame frame) {
        Frame.Part part = frame.part();
        int block = part.block();
        if (block < 0 || block >= bytes.length || block == rank || peer != source(block) || part.node() != block) {
            return false;
        }
        if (chunks.get(block) == null) {
            boolean plausible = kind() == Kind.ALL_GATHER ? part.total() <= LARGEST_BLOCK : part.total() == ownBytes();
            if (!plausible || part.total() < 0) {
                return false;
            }
            allocate(block, new byte[(int) part.total()]);
        }
        return part.total() == lengths[block]
                && part.chunk() == receivedChunks[block]
                && part.chunk() < chunks.get(block).size()
                && frame.length() == body(block, part.chunk()).remaining();
    }

    @Override
    ByteBuffer target(Frame frame) {
        return body(frame.part().block(), frame.part().chunk());
    }

    @Override
    void received(int peer, Frame frame, ByteBuffer body) {
        int block = frame.part().block();
        receivedChunks[block]++;
        if (receivedChunks[block] == chunks.get(block).size()) {
            awaited[peer]--;
            allAwaited--;
        }
        if (topology.collector(host, block) == rank) {
            sendNear(block, frame.part().chunk());
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

    /** Returns a new view of a chunk, because the positions of other views move. */
    private ByteBuffer body(int block, int chunk) {
        return chunks.get(block).get(chunk).duplicate();
    }
}
