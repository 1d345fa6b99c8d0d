package io.github.sparkfinetune.core.collective.ring;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * One peer's socket, cut into frames, sealed or not. What isn't sealed is written from and read to the caller's buffers
 * without a copy; nothing blocks.
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

    /** @param seal of what is sent and what comes; null where frames go as they are */
    Connection(int rank, SocketChannel channel, FrameSeal seal) {
        this.rank = rank;
        this.channel = channel;
        this.reader = seal == null ? new PlainFrameReader() : new SealedFrameReader(seal.incoming());
        this.sealing = seal == null ? null : seal.outgoing();
        this.sealed = seal == null ? NOTHING : FrameCipher.buffer();
    }

    /** The peer's rank. */
    int rank() {
        return rank;
    }

    SocketChannel channel() {
        return channel;
    }

    void key(SelectionKey registered) {
        this.key = registered;
    }

    /** Tells the selector what to wait for. */
    void interest(int operations) {
        if (key.isValid() && key.interestOps() != operations) {
            key.interestOps(operations);
        }
    }

    /** Whether the peer has said goodbye. */
    boolean left() {
        return left;
    }

    /** Takes note of a goodbye and answers it, so that the peer need not wait. */
    void leave() throws IOException {
        left = true;
        channel.shutdownOutput();
    }

    /** When bytes last came, by {@link System#nanoTime()}. */
    long heard() {
        return heard;
    }

    /** Begins to count silence anew, after a time in which this rank did not listen. */
    void listen(long now) {
        heard = now;
    }

    /** When bytes were last written, by {@link System#nanoTime()}. */
    long sent() {
        return sent;
    }

    /** Makes {@code body} the next to be written; what was staged before must be written. */
    void stage(Frame frame, ByteBuffer body) {
        frame.write(headerOut);
        if (sealing == null) {
            out[1] = body;
        } else {
            sealing.seal(headerOut, body, sealed);
            out[1] = sealed;
        }
    }

    /** Whether there is something left to write. */
    boolean staged() {
        return headerOut.hasRemaining() || out[1].hasRemaining();
    }

    /** Writes what the socket takes; returns whether it took anything. */
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

    /** The frame that has come and waits for {@link #body}, or null. */
    Frame head() {
        return reader.head();
    }

    /** Takes the {@link #head} and lets its body be read into {@code target}, which is as long. */
    void body(ByteBuffer target) {
        reader.body(target);
    }

    /** The body of the {@link #head} if it has come already, valid until the next read; else null. */
    ByteBuffer opened() {
        return reader.opened();
    }

    /** Whether the body asked for has come entirely. */
    boolean complete() {
        return reader.complete();
    }

    /**
     * Reads what there is of the body asked for and of the next frame; must not be called while a {@link #head} waits.
     *
     * @return whether anything came
     * @throws EOFException at the end
     * @throws FrameReader.ProtocolException if what came is not a frame
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

    /** Ends the writing side and forgets the callers' buffers. */
    void finish() throws IOException {
        out[1] = NOTHING;
        reader.forget();
        channel.shutdownOutput();
    }
}
