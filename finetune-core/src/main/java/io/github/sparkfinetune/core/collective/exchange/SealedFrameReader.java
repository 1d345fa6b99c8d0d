package io.github.sparkfinetune.core.collective.exchange;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Reader of frames sealed by {@link FrameCipher}. A frame is used only after it has arrived completely and was opened.
 */
final class SealedFrameReader implements FrameReader {
    private static final String ALTERED = "the bytes on its connection are not the frame that it sent";

    private final FrameCipher cipher;
    private final ByteBuffer sealed = FrameCipher.buffer();
    private final ByteBuffer header = ByteBuffer.allocateDirect(Frame.BYTES);
    private final ByteBuffer[] in = {sealed, header};
    private final ByteBuffer aad = ByteBuffer.allocate(Frame.BYTES);
    private Frame incoming;
    private Frame head;

    SealedFrameReader(FrameCipher cipher) {
        this.cipher = cipher;
        sealed.limit(0);
    }

    @Override
    public Frame head() {
        return head;
    }

    @Override
    public void body(ByteBuffer target) {
        if (target.hasRemaining()) {
            target.put(cipher.opened());
        }
        head = null;
    }

    @Override
    public ByteBuffer opened() {
        return head == null ? null : cipher.opened();
    }

    @Override
    public boolean complete() {
        return true;
    }

    @Override
    public long read(SocketChannel channel) throws IOException {
        long count = 0;
        if (incoming == null) {
            if (header.hasRemaining()) {
                count = channel.read(header);
            }
            if (header.hasRemaining()) {
                return count;
            }
            incoming = Frame.read(header);
            if (incoming == null) {
                throw new IOException(ALTERED);
            }
            header.clear();
            sealed.clear().limit(incoming.length() + FrameCipher.TAG_BYTES);
        }
        long more = channel.read(in);
        if (!sealed.hasRemaining()) {
            incoming.write(aad);
            if (!cipher.open(aad, sealed.flip())) {
                throw new IOException(ALTERED);
            }
            head = incoming;
            incoming = null;
        }
        return count > 0 ? count + Math.max(0, more) : more;
    }

    @Override
    public void forget() {
        sealed.limit(0);
    }
}
