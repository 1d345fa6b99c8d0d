package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Sum of a float buffer over n ranks as a ring reduce-scatter (steps 0 to n - 2) and a ring all-gather (steps n - 1 to
 * 2n - 3) over n blocks. In step s rank r sends block (r - s) mod n and receives block (r - s - 1) mod n, which is
 * added to in the first phase and replaced in the second.
 *
 * <p>Of N floats block b holds those from ⌊N b / n⌋ up to ⌊N (b + 1) / n⌋. Every block travels as c = max(1, ⌈4 ⌈N / n⌉
 * / 262,144⌉) chunks: all bytes that 262,144 hold, then the rest, then empty ones, so that each step has c. A chunk's
 * {@link Frame#total} is 4 N; its body is F32 in the ranks' native byte order, which must be one. A chunk of a step is
 * sent as soon as that chunk of the step before has come, so the steps overlap.
 *
 * <p>Block b is summed in one fixed order, x_b + x_(b+1) + …, from left to right in F32, and its sum copied: hence the
 * same bits on every rank.
 *
 * <p>Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations" (2009).
 */
final class AllReduceOperation extends RingOperation {
    private final int rank;
    private final int size;
    private final int firstReplaced;
    private final ByteBuffer bytes;
    private final FloatBuffer floats;
    private final RingBuffers buffers;
    private final int chunksInBlock;
    private final long chunks;

    private long sent;
    private long received;

    /** @param bytes from position to limit, native order */
    AllReduceOperation(int rank, int size, ByteBuffer bytes, RingBuffers buffers) {
        super(Kind.ALL_REDUCE);
        this.rank = rank;
        this.size = size;
        this.firstReplaced = size - 1;
        this.bytes = bytes.slice();
        this.floats = this.bytes.order(ByteOrder.nativeOrder()).asFloatBuffer();
        this.buffers = buffers;
        int longestBlock = ceilDiv(floats.limit(), size) * Float.BYTES;
        this.chunksInBlock = Math.max(1, ceilDiv(longestBlock, CHUNK));
        this.chunks = 2L * (size - 1) * chunksInBlock;
    }

    @Override
    long total() {
        return bytes.limit();
    }

    @Override
    long ownBytes() {
        return total();
    }

    @Override
    boolean expects(Frame frame) {
        return frame.total() == total() && frame.length() == length(received, 1);
    }

    @Override
    boolean maySend() {
        return sent < chunks && sent < received + chunksInBlock;
    }

    @Override
    ByteBuffer nextToSend() {
        ByteBuffer chunk = bytes.slice(start(sent, 0), length(sent, 0));
        sent++;
        return chunk;
    }

    @Override
    ByteBuffer nextToReceive() {
        int length = length(received, 1);
        return replaces() ? bytes.slice(start(received, 1), length) : buffers.incoming(length);
    }

    @Override
    void received() {
        if (!replaces()) {
            buffers.addIncoming(floats, start(received, 1) / Float.BYTES, length(received, 1) / Float.BYTES);
        }
        received++;
    }

    @Override
    void take(ByteBuffer chunk) {
        if (replaces()) {
            super.take(chunk);
        } else {
            FloatBuffer addends = chunk.order(ByteOrder.nativeOrder()).asFloatBuffer();
            buffers.add(addends, floats, start(received, 1) / Float.BYTES, addends.limit());
            received++;
        }
    }

    @Override
    boolean allSent() {
        return sent == chunks;
    }

    @Override
    boolean allReceived() {
        return received == chunks;
    }

    private boolean replaces() {
        return received / chunksInBlock >= firstReplaced;
    }

    /** First byte of a chunk, of the block sent ({@code behind} = 0) or received (1) in its step. */
    private int start(long chunk, int behind) {
        int block = block(chunk, behind);
        long start = blockStart(block) + chunk % chunksInBlock * CHUNK;
        return (int) Math.min(start, blockStart(block + 1));
    }

    private int length(long chunk, int behind) {
        return Math.min(CHUNK, blockStart(block(chunk, behind) + 1) - start(chunk, behind));
    }

    private int block(long chunk, int behind) {
        return Math.floorMod(rank - (int) (chunk / chunksInBlock) - behind, size);
    }

    private int blockStart(int block) {
        return (int) ((long) floats.limit() * block / size) * Float.BYTES;
    }

    private static int ceilDiv(int dividend, int divisor) {
        return (int) (((long) dividend + divisor - 1) / divisor);
    }
}
