package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * All-gather: a rank's block goes to the other ranks of its host and to the {@linkplain Topology#collector collector}
 * of the block on each other host, which passes it on to its host's ranks.
 *
 * <p>A block is bytes on the heap, at most 256 MiB, whose length the others learn as they come; or buffers that have
 * the same lengths on all ranks, where the others' are overwritten. Bytes, and each buffer, travel as chunks of 262,144
 * bytes and the rest, counted through the block; a block without bytes as one empty chunk. {@link Frame.Part#total} is
 * the block's length, {@link Frame.Part#node} its rank. An all-reduce of F64 goes the same way under its own code: each
 * rank's block is its values in big-endian order, all blocks are of one length, and every rank adds them in the order
 * of the ranks.
 */
final class AllGatherOperation extends RingOperation {
    private static final int LARGEST_BLOCK = 256 << 20;

    private final int rank;
    private final int host;
    private final Topology topology;
    private final byte[][] bytes;
    /** By block, its parts in the order in which they travel; null as long as its length is not known. */
    private final List<List<ByteBuffer>> chunks = new ArrayList<>();

    private final long[] lengths;
    /** Chunks of each block that have come. */
    private final int[] come;

    private final int[] awaited;
    private int allAwaited;

    private AllGatherOperation(Kind kind, int rank, Topology topology) {
        super(kind, topology.size());
        this.rank = rank;
        this.host = topology.hostOf(rank);
        this.topology = topology;
        this.bytes = new byte[topology.size()][];
        this.lengths = new long[bytes.length];
        this.come = new int[bytes.length];
        this.awaited = new int[bytes.length];
        for (int block = 0; block < bytes.length; block++) {
            chunks.add(null);
            if (block != rank) {
                awaited[source(block)]++;
                allAwaited++;
            }
        }
    }

    /** @param mine this rank's block */
    AllGatherOperation(Kind kind, int rank, Topology topology, byte[] mine) {
        this(kind, rank, topology);
        if (mine.length > LARGEST_BLOCK) {
            throw new IllegalArgumentException(mine.length + " bytes to gather: at most " + LARGEST_BLOCK);
        }
        allocate(rank, mine.clone());
    }

    /** @param shares every rank's block, by rank */
    AllGatherOperation(int rank, Topology topology, List<List<ByteBuffer>> shares) {
        this(Kind.ALL_GATHER_INTO, rank, topology);
        for (int block = 0; block < shares.size(); block++) {
            cut(block, shares.get(block));
        }
    }

    private void allocate(int block, byte[] memory) {
        bytes[block] = memory;
        cut(block, List.of(ByteBuffer.wrap(memory)));
    }

    private void cut(int block, List<ByteBuffer> buffers) {
        List<ByteBuffer> cut = new ArrayList<>();
        for (ByteBuffer buffer : buffers) {
            lengths[block] += buffer.remaining();
            for (int at = buffer.position(); at < buffer.limit(); at += CHUNK) {
                cut.add(buffer.slice(at, Math.min(CHUNK, buffer.limit() - at)));
            }
        }
        chunks.set(block, cut.isEmpty() ? List.of(ByteBuffer.allocate(0)) : cut);
    }

    /** Who sends another rank's block to this one. */
    private int source(int block) {
        int collector = topology.collector(host, block);
        return collector == rank ? block : collector;
    }

    /** Every rank's bytes; complete once the operation is. */
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
                && part.chunk() == come[block]
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
        come[block]++;
        if (come[block] == chunks.get(block).size()) {
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

    /** A view of its own, because others' positions move. */
    private ByteBuffer body(int block, int chunk) {
        return chunks.get(block).get(chunk).duplicate();
    }
}
