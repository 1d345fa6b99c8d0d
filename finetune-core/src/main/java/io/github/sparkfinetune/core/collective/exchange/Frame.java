package io.github.sparkfinetune.core.collective.exchange;

import java.nio.ByteBuffer;

/**
 * Header of a frame. After the {@link Handshake}, peers exchange only frames: a header of 40 bytes, then the body,
 * sealed by {@link FrameCipher} if the handshake says so. Integers are signed and big-endian.
 *
 * <table>
 * <caption>Header</caption>
 * <tr><th>byte</th><th>type</th><th>field</th><th>value</th></tr>
 * <tr><td>0</td><td>16 bits</td><td>magic</td><td>0x5346 ("SF")</td></tr>
 * <tr><td>2</td><td>8 bits</td><td>kind</td><td>see below</td></tr>
 * <tr><td>3</td><td>8 bits</td><td>detail</td><td>see below</td></tr>
 * <tr><td>4</td><td>32 bits</td><td>rank</td><td>the sender; in an abort the rank that is the cause</td></tr>
 * <tr><td>8</td><td>32 bits</td><td>length</td><td>bytes of the body</td></tr>
 * <tr><td>12</td><td>64 bits</td><td>sequence</td><td>number of an operation, from 1</td></tr>
 * <tr><td>20</td><td>64 bits</td><td>total</td><td>bytes of the whole that contains a chunk; see below</td></tr>
 * <tr><td>28</td><td>32 bits</td><td>block</td><td>block that contains a chunk; see below; otherwise 0</td></tr>
 * <tr><td>32</td><td>32 bits</td><td>chunk</td><td>index of a chunk in its block; otherwise 0</td></tr>
 * <tr><td>36</td><td>32 bits</td><td>node</td><td>node of a chunk's sum, by the numbers of {@link SumTree};
 * otherwise 0</td></tr>
 * </table>
 *
 * <table>
 * <caption>Kinds</caption>
 * <tr><th>kind</th><th>detail</th><th>sequence and total</th><th>body</th></tr>
 * <tr><td>1 heartbeat</td><td>0</td><td>the last operation that the sender has started, 0 before the first; as total
 * the number of the sender's progress reports, as block the milliseconds since any rank's progress, as far as the
 * sender knows</td><td>none</td></tr>
 * <tr><td>2 chunk</td><td>the operation: 1 all-reduce of F32, 2 all-reduce of F64, 3 all-gather, 4 all-gather of
 * shares</td><td>the operation;
 * total as in {@link ReduceOperation} and {@link AllGatherOperation}</td><td>0 to 262,144 bytes</td></tr>
 * <tr><td>3 abort</td><td>1 a rank is lost, 2 the ranks are out of step</td><td>0</td><td>the message in UTF-8, cut at
 * 1,000 bytes</td></tr>
 * <tr><td>4 goodbye</td><td>0</td><td>0</td><td>none</td></tr>
 * </table>
 *
 * <p>Nothing follows an abort or a goodbye. A header with another magic or kind, a negative length or a length above
 * the kind's maximum (262,144 and the total for a chunk, 1,000 for an abort, otherwise 0) ends the exchange. Every
 * chunk carries the whole header, so that the receiver can compare it with its own operation and ranks that are out of
 * step notice.
 */
record Frame(Kind kind, int detail, int rank, int length, long sequence, Part part) {
    /** Bytes of a header. */
    static final int BYTES = 40;

    /** Most bytes of an abort's message. */
    static final int LONGEST_TEXT = 1000;

    private static final short MAGIC = 0x5346;

    /**
     * Position of a chunk in the whole. A heartbeat has its numbers here; other frames have zeros.
     *
     * @param total bytes of the whole
     * @param block block of the whole
     * @param chunk index of the chunk in its block
     * @param node node of the chunk's sum
     */
    record Part(long total, int block, int chunk, int node) {
        static final Part NONE = new Part(0, 0, 0, 0);
    }

    /** Kind of a frame. */
    enum Kind {
        HEARTBEAT(1),
        CHUNK(2),
        ABORT(3),
        GOODBYE(4);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        private static Kind of(int code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind;
                }
            }
            return null;
        }

        /** Returns the longest body of a frame of an operation of {@code total} bytes. */
        private long longest(long total) {
            return this == CHUNK ? Math.min(total, ExchangeOperation.CHUNK) : this == ABORT ? LONGEST_TEXT : 0;
        }
    }

    static Frame control(Kind kind, int rank, long sequence) {
        return new Frame(kind, 0, rank, 0, sequence, Part.NONE);
    }

    void write(ByteBuffer header) {
        header.clear()
                .putShort(MAGIC)
                .put((byte) kind.code)
                .put((byte) detail)
                .putInt(rank)
                .putInt(length)
                .putLong(sequence)
                .putLong(part.total())
                .putInt(part.block())
                .putInt(part.chunk())
                .putInt(part.node())
                .flip();
    }

    /** Returns the frame of a complete header, or null if the bytes are not a header. */
    static Frame read(ByteBuffer header) {
        header.flip();
        short magic = header.getShort();
        Kind kind = Kind.of(header.get());
        int detail = header.get();
        int rank = header.getInt();
        int length = header.getInt();
        long sequence = header.getLong();
        Part part = new Part(header.getLong(), header.getInt(), header.getInt(), header.getInt());
        if (magic != MAGIC || kind == null || length < 0 || length > kind.longest(part.total())) {
            return null;
        }
        return new Frame(kind, detail, rank, length, sequence, part);
    }
}
