package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;

/**
 * Ring all-gather of bytes: in step s of n - 1 rank r sends rank (r - s) mod n's block and receives that of rank (r - s
 * - 1) mod n. Meant for what is small: the blocks are on the heap and forwarded whole, at most 256 MiB each.
 *
 * <p>A block travels as chunks of 262,144 bytes and the rest, an empty one as one empty chunk; {@link Frame#total} is
 * the block's length. An all-reduce of F64 goes the same way under its own code: each rank's block is its values in
 * big-endian order, all blocks are of one length, and every rank adds them in the order of the ranks.
 */
final class AllGatherOperation extends RingOperation {
    private static final int LARGEST_BLOCK = 256 << 20;

    private final int rank;
    private final byte[][] blocks;
    private final RingBuffers buffers;

    private int stepSent;
    private int bytesSent;
    private int stepReceived;
    private int bytesReceived;
    private ByteBuffer incoming;

    AllGatherOperation(Kind kind, int rank, int size, byte[] mine, RingBuffers buffers) {
        super(kind);
        if (mine.length > LARGEST_BLOCK) {
            throw new IllegalArgumentException(mine.length + " bytes to gather: at most " + LARGEST_BLOCK);
        }
        this.rank = rank;
        this.blocks = new byte[size][];
        this.blocks[rank] = mine.clone();
        this.buffers = buffers;
    }

    /** Every rank's bytes; complete once the operation is. */
    byte[][] blocks() {
        return blocks;
    }

    @Override
    long total() {
        return blocks[block(stepSent, 0)].length;
    }

    @Override
    long ownBytes() {
        return blocks[rank].length;
    }

    @Override
    boolean expects(Frame frame) {
        int block = block(stepReceived, 1);
        if (bytesReceived == 0) {
            boolean plausible =
                    kind() == Kind.ALL_GATHER ? frame.total() <= LARGEST_BLOCK : frame.total() == blocks[rank].length;
            if (!plausible) {
                return false;
            }
            blocks[block] = new byte[(int) frame.total()];
        }
        return frame.total() == blocks[block].length && frame.length() == chunk(blocks[block], bytesReceived);
    }

    @Override
    boolean maySend() {
        return !allSent() && stepSent <= stepReceived;
    }

    @Override
    ByteBuffer nextToSend() {
        byte[] block = blocks[block(stepSent, 0)];
        int length = chunk(block, bytesSent);
        ByteBuffer chunk =
                buffers.outgoing(length).put(block, bytesSent, length).flip();
        bytesSent += length;
        if (bytesSent == block.length) {
            stepSent++;
            bytesSent = 0;
        }
        return chunk;
    }

    @Override
    ByteBuffer nextToReceive() {
        incoming = buffers.incoming(chunk(blocks[block(stepReceived, 1)], bytesReceived));
        return incoming;
    }

    @Override
    void received() {
        byte[] block = blocks[block(stepReceived, 1)];
        int length = incoming.flip().remaining();
        incoming.get(block, bytesReceived, length);
        bytesReceived += length;
        if (bytesReceived == block.length) {
            stepReceived++;
            bytesReceived = 0;
        }
    }

    @Override
    boolean allSent() {
        return stepSent == blocks.length - 1;
    }

    @Override
    boolean allReceived() {
        return stepReceived == blocks.length - 1;
    }

    private int block(int step, int behind) {
        return Math.floorMod(rank - step - behind, blocks.length);
    }

    private static int chunk(byte[] block, int done) {
        return Math.min(CHUNK, block.length - done);
    }
}
