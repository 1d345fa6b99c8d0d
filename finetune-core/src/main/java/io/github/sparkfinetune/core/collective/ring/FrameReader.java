package io.github.sparkfinetune.core.collective.ring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Cuts the bytes that come on one connection into frames. Nothing blocks. */
interface FrameReader {

    /** The frame that has come and waits for {@link #body}, or null. */
    Frame head();

    /** Takes the {@link #head} and has its body put into {@code target}, which is as long. */
    void body(ByteBuffer target);

    /** The body of the {@link #head} if it has come already, on the heap and valid until the next read; else null. */
    ByteBuffer opened();

    /** Whether the body asked for has come entirely. */
    boolean complete();

    /**
     * Reads what there is; must not be called while a {@link #head} waits.
     *
     * @return the number of bytes, -1 at the end
     * @throws ProtocolException if a peer that can be believed sent what is no frame
     * @throws IOException if what came isn't what the peer has sent
     */
    long read(SocketChannel channel) throws IOException;

    /** Forgets the callers' buffers. */
    void forget();

    /** A peer's bytes make no sense. */
    final class ProtocolException extends IOException {
        private static final long serialVersionUID = 1L;

        ProtocolException(String message) {
            super(message);
        }
    }
}
