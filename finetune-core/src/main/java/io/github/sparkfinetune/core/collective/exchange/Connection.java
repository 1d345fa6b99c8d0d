package io.github.sparkfinetune.core.collective.exchange;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * Socket to one peer, as a stream of plain or sealed frames. Plain frames are written from and read into the caller's
 * buffers without a copy. No method blocks.
 */
final class Connection {
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final int rank;
    private final SocketChannel channel;
    private SelectionKey key;

    private final ByteBuffer headerOut = ByteBuffer.allocateDirect(Frame.BYTES).limit(0);
    private final ByteBuffer[] out = {headerOut, NOTHING};

    private final FrameReader reader;
    private final FrameCipher sealing;
    private final ByteBuffer sealed;

    private boolean left;
    private long heard = System.nanoTime();
    private long sent = System.nanoTime();

    /** @param seal ciphers of both directions; null for plain frames */
    Connection(int rank, SocketChannel channel, FrameSeal seal) {
        this.rank = rank;
        this.channel = channel;
        this.reader = seal == null ? new PlainFrameReader() : new SealedFrameReader(seal.incoming());
        this.sealing = seal == null ? null : seal.outgoing();
        this.sealed = seal == null ? NOTHING : FrameCipher.buffer();
    }

    /** Returns the peer's rank. */
    int rank() {
        return rank;
    }

    SocketChannel channel() {
        return channel;
    }

    void key(SelectionKey registered) {
        this.key = registered;
    }

    /** Sets the operations that the selector waits for. */
    void interest(int operations) {
        if (key.isValid() && key.interestOps() != operations) {
            key.interestOps(operations);
        }
    }

    /** Returns whether the peer has said goodbye. */
    boolean left() {
        return left;
    }

    /** Records a goodbye and answers it, so that the peer need not wait. */
    void leave() throws IOException {
        left = true;
        channel.shutdownOutput();
    }

    /** Returns when bytes last arrived, by {@link System#nanoTime()}. */
    long heard() {
        return heard;
    }

    /** Restarts the measurement of silence after a time in which this rank did not listen. */
    void listen(long now) {
        heard = now;
    }

    /** Returns when bytes were last written, by {@link System#nanoTime()}. */
    long sent() {
        return sent;
    }

    /** Stages a frame for writing; the previous one must have been written. */
    void stage(Frame frame, ByteBuffer body) {
        frame.write(headerOut);
        if (sealing == null) {
            out[1] = body;
        } else {
            sealing.seal(headerOut, body, sealed);
            out[1] = sealed;
        }
    }

    /** Returns whether staged bytes are unwritten. */
    boolean staged() {
        return headerOut.hasRemaining() || out[1].hasRemaining();
    }

    /** Writes as much as the socket accepts; returns whether it accepted anything. */
    boolean flush() throws IOException {
        long written = headerOut.hasRemaining() ? channel.write(out) : channel.write(out[1]);
        if (written > 0) {
            sent = System.nanoTime();
        }
        if (!staged()) {
            out[1] = NOTHING;
        }
        return written > 0;
    }

    /** Returns the received frame that waits for {@link #body}, or null. */
    Frame head() {
        return reader.head();
    }

    /** Takes the {@link #head}; its body will be read into {@code target}, which has the same length. */
    void body(ByteBuffer target) {
        reader.body(target);
    }

    /** Returns the body of the {@link #head} if it has arrived, valid until the next read; otherwise null. */
    ByteBuffer opened() {
        return reader.opened();
    }

    /** Returns whether the requested body has arrived completely. */
    boolean complete() {
        return reader.complete();
    }

    /**
     * Reads available bytes of the requested body and of the next frame. Must not be called while a {@link #head}
     * waits.
     *
     * @return whether any bytes arrived
     * @throws EOFException at the end
     * @throws FrameReader.ProtocolException if the bytes are not a frame
     */
    boolean read() throws IOException {
        long count = reader.read(channel);
        if (count < 0) {
            throw new EOFException("connection closed");
        }
        if (count > 0) {
            heard = System.nanoTime();
        }
        return count > 0;
    }

    /** Ends the writing side and releases the callers' buffers. */
    void finish() throws IOException {
        out[1] = NOTHING;
        reader.forget();
        channel.shutdownOutput();
    }
}
