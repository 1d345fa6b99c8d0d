package io.github.sparkfinetune.core.collective.exchange;

import java.nio.ByteBuffer;

/** A rank at the other end of a connection, with its pending transfers. Only the exchange's thread may use it. */
final class Peer {
    private final Connection connection;
    /** Chunk that is being written, or null. */
    private ExchangeOperation.Outgoing sending;
    /** Frame whose body is being read, or null, and the body's buffer. */
    private Frame incoming;

    private ByteBuffer target;
    /** True if the socket may be readable, or writable; until an attempt shows that it is not. */
    private boolean readable = true;

    private boolean writable = true;
    private long begun;
    private long progress;
    private long progressed = System.nanoTime();

    Peer(Connection connection) {
        this.connection = connection;
    }

    int rank() {
        return connection.rank();
    }

    Connection connection() {
        return connection;
    }

    /** Returns the last operation that the rank is known to have begun. */
    long begun() {
        return begun;
    }

    void hasBegun(long sequence) {
        begun = Math.max(begun, sequence);
    }

    /** Records the number of the rank's progress reports; returns whether it has changed. */
    boolean hasProgressed(long count, long now) {
        boolean changed = count != progress;
        progress = count;
        progressed = changed ? now : progressed;
        return changed;
    }

    /** Returns when the rank last made progress, as far as this rank knows, by {@link System#nanoTime()}. */
    long progressed() {
        return progressed;
    }

    boolean readable() {
        return readable;
    }

    void readable(boolean may) {
        readable = may;
    }

    boolean writable() {
        return writable;
    }

    void writable(boolean may) {
        writable = may;
    }

    /**
     * Returns whether this rank reads from the peer; otherwise its bytes stay in the socket, and silence is no loss.
     */
    boolean listening() {
        return !connection.left() && (incoming != null || connection.head() == null);
    }

    /** Begins to write a chunk. */
    void stage(Frame frame, ExchangeOperation.Outgoing chunk) {
        connection.stage(frame, chunk.body());
        sending = chunk;
    }

    /** Returns whether a chunk is not completely written. */
    boolean sends() {
        return sending != null;
    }

    /** Returns the chunk that was completely written since the last call, or null. */
    ExchangeOperation.Outgoing takeSent() {
        if (sending == null || connection.staged()) {
            return null;
        }
        ExchangeOperation.Outgoing sent = sending;
        sending = null;
        return sent;
    }

    /** Begins to read the head's body. */
    void take(Frame frame, ByteBuffer to) {
        incoming = frame;
        target = to;
        // A separate view keeps the limits of the operation's buffer.
        connection.body(to.duplicate());
    }

    /** Returns the frame whose body has arrived completely since the last call, or null. */
    Frame takeReceived() {
        if (incoming == null || !connection.complete()) {
            return null;
        }
        Frame received = incoming;
        incoming = null;
        return received;
    }

    boolean reads() {
        return incoming != null;
    }

    /** Returns the buffer of the last body. */
    ByteBuffer target() {
        return target;
    }
}
