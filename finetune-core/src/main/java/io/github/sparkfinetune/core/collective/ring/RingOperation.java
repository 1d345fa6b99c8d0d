package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/**
 * One operation as chunks to and from the peers. The ring's thread moves the bytes; the operation knows which bytes and
 * what to do with them. It sends to a peer in the order in which it has asked to, and takes what comes in any order.
 */
abstract class RingOperation {
    /** Longest body of a chunk in bytes: it and what it is added to stay in a core's second-level cache. */
    static final int CHUNK = 256 << 10;

    /** What ranks can do together. */
    enum Kind {
        ALL_REDUCE(1, "sum of floats"),
        ALL_REDUCE_DOUBLES(2, "sum of doubles"),
        ALL_GATHER(3, "all-gather"),
        ALL_GATHER_INTO(4, "all-gather of shares");

        private final int code;
        private final String text;

        Kind(int code, String text) {
            this.code = code;
            this.text = text;
        }

        int code() {
            return code;
        }

        static String text(int code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind.text;
                }
            }
            return "unknown operation";
        }
    }

    /**
     * A chunk to send.
     *
     * @param part what the frame tells of it
     * @param body from its position to its limit
     * @param lent whether the body is one of {@link RingBuffers}
     */
    record Outgoing(Frame.Part part, ByteBuffer body, boolean lent) {}

    private final Kind kind;
    private final CompletableFuture<Void> future = new CompletableFuture<>();
    private final Deque<Outgoing>[] toSend;
    private int unsent;

    /** @param size number of ranks */
    @SuppressWarnings({"unchecked", "rawtypes"})
    RingOperation(Kind kind, int size) {
        this.kind = kind;
        this.toSend = new Deque[size];
    }

    final Kind kind() {
        return kind;
    }

    /** Completed by the ring's thread. */
    final CompletableFuture<Void> future() {
        return future;
    }

    /** Queues a chunk for a peer. */
    final void send(int peer, Outgoing chunk) {
        if (toSend[peer] == null) {
            toSend[peer] = new ArrayDeque<>();
        }
        toSend[peer].add(chunk);
        unsent++;
    }

    /** The next chunk for a peer, or null. The one before has been written. */
    final Outgoing nextFor(int peer) {
        if (toSend[peer] == null || toSend[peer].isEmpty()) {
            return null;
        }
        unsent--;
        return toSend[peer].poll();
    }

    /** Whether nothing is left to send but what the future brings. */
    final boolean isSent() {
        return unsent == 0;
    }

    /** Queues what can be sent from the start. */
    abstract void begin();

    /** A chunk's body has been written. */
    void sent(Outgoing chunk) {}

    /** Bytes that this rank takes part with, for messages. */
    abstract long ownBytes();

    /** Whether a chunk that {@code frame} tells of is one that {@code peer} has to send. */
    abstract boolean expects(int peer, Frame frame);

    /** Where the body of a chunk that is expected goes. */
    abstract ByteBuffer target(Frame frame);

    /** A chunk has come to its {@link #target}, which is {@code body} from 0 to its limit. */
    abstract void received(int peer, Frame frame, ByteBuffer body);

    /** A chunk has come already; the body is valid during the call. */
    void take(int peer, Frame frame, ByteBuffer body) {
        received(peer, frame, target(frame).put(body).flip());
    }

    /** How many chunks, or blocks of them, are yet to come from a peer. */
    abstract int awaited(int peer);

    /** Whether nothing is yet to come. */
    abstract boolean allReceived();
}
