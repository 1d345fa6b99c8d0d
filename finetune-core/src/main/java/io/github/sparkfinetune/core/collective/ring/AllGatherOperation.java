package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;

/**
 * All-gather of bytes: a rank's block goes to the other ranks of its host and to the {@linkplain Topology#collector
 * collector} of the block on each other host, which passes it on to its host's ranks. Meant for what is small: the
 * blocks are on the heap, at most 256 MiB each.
 *
 * <p>A block travels as chunks of 262,144 bytes and the rest, an empty one as one empty chunk; {@link Frame#total} is
 * the block's length, {@link Frame#node} its rank. An all-reduce of F64 goes the same way under its own code: each
 * rank's block is its values in big-endian order, all blocks are of one length, and every rank adds them in the order
 * of the ranks.
 */
final class AllGatherOperation extends RingOperation {
    private static final int LARGEST_BLOCK = 256 << 20;

    private final int rank;
    private final int host;
    private final Topology topology;
    private final byte[][] blocks;
    /** Bytes of each block that have come. */
    private final int[] come;

    private final int[] awaited;
    private int allAwaited;

    AllGatherOperation(Kind kind, int rank, Topology topology, byte[] mine) {
        super(kind, topology.size());
        if (mine.length > LARGEST_BLOCK) {
            throw new IllegalArgumentException(mine.length + " bytes to gather: at most " + LARGEST_BLOCK);
        }
        this.rank = rank;
        this.host = topology.hostOf(rank);
        this.topology = topology;
        this.blocks = new byte[topology.size()][];
        this.blocks[rank] = mine.clone();
        this.come = new int[blocks.length];
        this.awaited = new int[blocks.length];
        for (int block = 0; block < blocks.length; block++) {
            if (block != rank) {
                awaited[source(block)]++;
                allAwaited++;
            }
        }
    }

    /** Who sends another rank's block to this one. */
    private int source(int block) {
        int collector = topology.collector(host, block);
        return collector == rank ? block : collector;
    }

    /** Every rank's bytes; complete once the operation is. */
    byte[][] blocks() {
        return blocks;
    }

    @Override
    void begin() {
        for (int chunk = 0; chunk < chunks(rank); chunk++) {
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
        return new Outgoing(blocks[block].length, body(block, chunk), block, chunk, block, false);
    }

    @Override
    long ownBytes() {
        return blocks[rank].length;
    }

    @Override
    boolean expects(int peer, Frame frame) {
        int block = frame.block();
        if (block < 0 || block >= blocks.length || block == rank || peer != source(block) || frame.node() != block) {
            return false;
        }
        if (blocks[block] == null) {
            boolean plausible =
                    kind() == Kind.ALL_GATHER ? frame.total() <= LARGEST_BLOCK : frame.total() == blocks[rank].length;
            if (!plausible || frame.total() < 0) {
                return false;
            }
            blocks[block] = new byte[(int) frame.total()];
        }
        return frame.total() == blocks[block].length
                && frame.chunk() == come[block] / CHUNK
                && come[block] <= blocks[block].length
                && frame.length() == body(block, frame.chunk()).remaining();
    }

    @Override
    ByteBuffer target(Frame frame) {
        return body(frame.block(), frame.chunk());
    }

    @Override
    void received(int peer, Frame frame, ByteBuffer body) {
        int block = frame.block();
        come[block] += frame.length();
        if (come[block] == blocks[block].length) {
            // Nothing more of it is taken.
            come[block]++;
            awaited[peer]--;
            allAwaited--;
        }
        if (topology.collector(host, block) == rank) {
            sendNear(block, frame.chunk());
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

    private int chunks(int block) {
        return Math.max(1, (blocks[block].length + CHUNK - 1) / CHUNK);
    }

    private ByteBuffer body(int block, int chunk) {
        int from = Math.min(chunk * CHUNK, blocks[block].length);
        return ByteBuffer.wrap(blocks[block], from, Math.min(CHUNK, blocks[block].length - from))
                .slice();
    }
}
