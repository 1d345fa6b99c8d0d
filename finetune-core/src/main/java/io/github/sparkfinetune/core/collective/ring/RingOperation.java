package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * One operation as a stream of chunks to the next rank and one from the previous rank. The ring's thread moves the
 * bytes; the operation knows which bytes and what to do with them.
 */
abstract class RingOperation {
    /** Longest body of a chunk in bytes: it and what it is added to stay in a core's second-level cache. */
    static final int CHUNK = 256 << 10;

    /** What ranks can do together. */
    enum Kind {
        ALL_REDUCE(1, "sum of floats"),
        ALL_REDUCE_DOUBLES(2, "sum of doubles"),
        ALL_GATHER(3, "all-gather");

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

    private final Kind kind;
    private final CompletableFuture<Void> future = new CompletableFuture<>();

    RingOperation(Kind kind) {
        this.kind = kind;
    }

    final Kind kind() {
        return kind;
    }

    /** Completed by the ring's thread. */
    final CompletableFuture<Void> future() {
        return future;
    }

    /** Bytes that the frame of the next chunk to send tells as its total. */
    abstract long total();

    /** Bytes that this rank takes part with, for messages. */
    abstract long ownBytes();

    /** Whether a frame that tells {@code total} can be the next one to come. */
    abstract boolean expects(Frame frame);

    /** Whether the next chunk exists and no longer waits for one to come. */
    abstract boolean maySend();

    /** The next chunk to send; valid until the next call. */
    abstract ByteBuffer nextToSend();

    /** Where the next chunk to come goes. */
    abstract ByteBuffer nextToReceive();

    /** The chunk asked for by {@link #nextToReceive} has come. */
    abstract void received();

    /** The next chunk to come has come already; the bytes are valid during the call. */
    void take(ByteBuffer chunk) {
        nextToReceive().put(chunk);
        received();
    }

    abstract boolean allSent();

    abstract boolean allReceived();
}
