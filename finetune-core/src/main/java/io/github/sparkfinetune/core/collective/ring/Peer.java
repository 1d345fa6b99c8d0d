package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;

/** A rank at the other end of a connection, and what is under way on it. For the ring's thread alone. */
final class Peer {
    private final Connection connection;
    /** What is being written, or null. */
    private RingOperation.Outgoing sending;
    /** What is being read, or null, and to where. */
    private Frame coming;

    private ByteBuffer target;
    /** Whether its socket may have something to read, or room to write, until it is found to have not. */
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

    /** The last operation that it is known to have begun. */
    long begun() {
        return begun;
    }

    void hasBegun(long sequence) {
        begun = Math.max(begun, sequence);
    }

    /** Takes note of how often it has got further; returns whether it has since the last time. */
    boolean gotFurther(long count, long now) {
        boolean further = count != progress;
        progress = count;
        progressed = further ? now : progressed;
        return further;
    }

    /** When it last got further, as far as this rank knows, by {@link System#nanoTime()}. */
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

    /** Whether what it sends is wanted; else it stays in the socket, and its silence doesn't count. */
    boolean listening() {
        return !connection.left() && (coming != null || connection.head() == null);
    }

    /** Begins to write a chunk. */
    void stage(Frame frame, RingOperation.Outgoing chunk) {
        connection.stage(frame, chunk.body());
        sending = chunk;
    }

    /** Whether a chunk is not written entirely. */
    boolean sends() {
        return sending != null;
    }

    /** The chunk that has been written entirely since the last call, or null. */
    RingOperation.Outgoing takeSent() {
        if (sending == null || connection.staged()) {
            return null;
        }
        RingOperation.Outgoing sent = sending;
        sending = null;
        return sent;
    }

    /** Begins to read the head's body. */
    void take(Frame frame, ByteBuffer to) {
        coming = frame;
        target = to;
        // A view of its own, because the operation's limits stay.
        connection.body(to.duplicate());
    }

    /** The frame whose body has come entirely since the last call, or null. */
    Frame takeComing() {
        if (coming == null || !connection.complete()) {
            return null;
        }
        Frame come = coming;
        coming = null;
        return come;
    }

    boolean reads() {
        return coming != null;
    }

    /** Where the last body was read to. */
    ByteBuffer target() {
        return target;
    }
}
