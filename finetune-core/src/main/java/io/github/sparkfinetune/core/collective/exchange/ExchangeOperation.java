package io.github.sparkfinetune.core.collective.exchange;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One operation as chunks to and from the peers. The exchange's thread moves the bytes; the operation decides which
 * bytes to send and what to do with received bytes. Chunks to a peer are sent in the order of queueing; received chunks
 * come in any order.
 */
abstract class ExchangeOperation {
    /** Longest body of a chunk in bytes: the chunk and its addend stay in a core's second-level cache. */
    static final int CHUNK = 256 << 10;

    /** Kind of an operation. */
    enum Kind {
        ALL_REDUCE(1, "sum of floats"),
        ALL_REDUCE_DOUBLES(2, "sum of doubles"),
        ALL_GATHER(3, "all-gather"),
        ALL_GATHER_INTO(4, "all-gather of shares"),
        REDUCE_SCATTER(5, "sum of floats in shares");

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
     * @param part the frame's part
     * @param body bytes from the buffer's position to its limit
     * @param lent whether the body is a buffer of {@link ExchangeBuffers}
     */
    record Outgoing(Frame.Part part, ByteBuffer body, boolean lent) {}

    private final Kind kind;
    private final CompletableFuture<Void> future = new CompletableFuture<>();
    private final Deque<Outgoing>[] toSend;
    private int unsent;

    /** @param size number of ranks */
    @SuppressWarnings({"unchecked", "rawtypes"})
    ExchangeOperation(Kind kind, int size) {
        this.kind = kind;
        this.toSend = new Deque[size];
    }

    /** Returns views of the chunks of some buffers, from position to limit; no chunk spans two buffers. */
    static List<ByteBuffer> cut(List<ByteBuffer> buffers) {
        List<ByteBuffer> cut = new ArrayList<>();
        for (ByteBuffer buffer : buffers) {
            for (int at = buffer.position(); at < buffer.limit(); at += CHUNK) {
                cut.add(buffer.slice(at, Math.min(CHUNK, buffer.limit() - at)));
            }
        }
        return cut;
    }

    final Kind kind() {
        return kind;
    }

    /** Returns the future that the exchange's thread completes. */
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

    /** Returns the next chunk for a peer, or null. The previous chunk has been written. */
    final Outgoing nextFor(int peer) {
        if (toSend[peer] == null || toSend[peer].isEmpty()) {
            return null;
        }
        unsent--;
        return toSend[peer].poll();
    }

    /** Returns whether no queued chunk is left. */
    final boolean isSent() {
        return unsent == 0;
    }

    /** Queues the chunks that can be sent at the start. */
    abstract void begin();

    /** Handles a chunk whose body has been written. */
    void sent(Outgoing chunk) {}

    /** Returns the number of bytes that this rank contributes, for messages. */
    abstract long ownBytes();

    /** Returns whether {@code peer} has to send the chunk of {@code frame}. */
    abstract boolean expects(int peer, Frame frame);

    /** Returns the buffer for the body of an expected chunk. */
    abstract ByteBuffer target(Frame frame);

    /** Handles a chunk that was received into its {@link #target}, which is {@code body} from 0 to its limit. */
    abstract void received(int peer, Frame frame, ByteBuffer body);

    /** Handles a chunk whose body is in memory already; the body is valid only during the call. */
    void take(int peer, Frame frame, ByteBuffer body) {
        received(peer, frame, target(frame).put(body).flip());
    }

    /** Returns how many chunks, or blocks of chunks, a peer still has to send. */
    abstract int awaited(int peer);

    /** Returns whether everything is received. */
    abstract boolean allReceived();
}
