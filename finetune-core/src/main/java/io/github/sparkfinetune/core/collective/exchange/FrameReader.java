package io.github.sparkfinetune.core.collective.exchange;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Reader that splits the bytes of one connection into frames. No method blocks. */
interface FrameReader {

    /** Returns the received frame that waits for {@link #body}, or null. */
    Frame head();

    /** Takes the {@link #head}; its body will be read into {@code target}, which has the same length. */
    void body(ByteBuffer target);

    /**
     * Returns the body of the {@link #head} if it has arrived, on the heap and valid until the next read; else null.
     */
    ByteBuffer opened();

    /** Returns whether the requested body has arrived completely. */
    boolean complete();

    /**
     * Reads available bytes. Must not be called while a {@link #head} waits.
     *
     * @return number of bytes, -1 at the end
     * @throws ProtocolException if an authentic peer sent bytes that are not a frame
     * @throws IOException if the bytes are not those that the peer sent
     */
    long read(SocketChannel channel) throws IOException;

    /** Releases the callers' buffers. */
    void forget();

    /** Report of a peer's bytes that are not a frame. */
    final class ProtocolException extends IOException {
        private static final long serialVersionUID = 1L;

        ProtocolException(String message) {
            super(message);
        }
    }
}
