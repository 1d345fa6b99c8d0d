package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;

/**
 * The header that precedes everything that neighbours send each other once they have joined; 28 bytes, big-endian.
 * Every chunk of an operation carries the whole of it, so that ranks that are out of step notice at the next chunk.
 *
 * @param kind what follows
 * @param detail code of the {@link RingOperation.Kind} of a chunk or of the {@link RingFailure.Reason} of an abort
 * @param rank the rank that an abort is about, otherwise the sender
 * @param length bytes of the body that follows
 * @param sequence number of the operation, from 1; in a heartbeat that of the last one that the sender has started
 * @param total bytes of the whole operation on the sender, of the block for an all-gather
 */
record Frame(Kind kind, int detail, int rank, int length, long sequence, long total) {
    static final int BYTES = 28;
    static final int LONGEST_TEXT = 1000;

    private static final short MAGIC = 0x5346;

    /** What a frame is for. */
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

        /** Longest body of a frame of an operation of {@code total} bytes. */
        private long longest(long total) {
            return this == CHUNK ? total : this == ABORT ? LONGEST_TEXT : 0;
        }
    }

    static Frame control(Kind kind, int rank, long sequence) {
        return new Frame(kind, 0, rank, 0, sequence, 0);
    }

    void write(ByteBuffer header) {
        header.clear()
                .putShort(MAGIC)
                .put((byte) kind.code)
                .put((byte) detail)
                .putInt(rank)
                .putInt(length)
                .putLong(sequence)
                .putLong(total)
                .flip();
    }

    /** The frame in a complete header, or null if the bytes are none. */
    static Frame read(ByteBuffer header) {
        header.flip();
        short magic = header.getShort();
        Kind kind = Kind.of(header.get());
        int detail = header.get();
        int rank = header.getInt();
        int length = header.getInt();
        long sequence = header.getLong();
        long total = header.getLong();
        if (magic != MAGIC || kind == null || length < 0 || length > kind.longest(total)) {
            return null;
        }
        return new Frame(kind, detail, rank, length, sequence, total);
    }
}
