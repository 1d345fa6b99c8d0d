package io.github.sparkfinetune.core.collective.ring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Frames that a {@link FrameCipher} has sealed: nothing of one is believed before all of it has come and is opened. */
final class SealedFrameReader implements FrameReader {
    private static final String ALTERED = "what came on its connection is not the frame that it sent";

    private final FrameCipher cipher;
    private final ByteBuffer sealed = FrameCipher.buffer();
    private final ByteBuffer header = ByteBuffer.allocateDirect(Frame.BYTES);
    private final ByteBuffer[] in = {sealed, header};
    private final ByteBuffer aad = ByteBuffer.allocate(Frame.BYTES);
    private Frame coming;
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
        if (coming == null) {
            if (header.hasRemaining()) {
                count = channel.read(header);
            }
            if (header.hasRemaining()) {
                return count;
            }
            coming = Frame.read(header);
            if (coming == null) {
                throw new IOException(ALTERED);
            }
            header.clear();
            sealed.clear().limit(coming.length() + FrameCipher.TAG_BYTES);
        }
        long more = channel.read(in);
        if (!sealed.hasRemaining()) {
            coming.write(aad);
            if (!cipher.open(aad, sealed.flip())) {
                throw new IOException(ALTERED);
            }
            head = coming;
            coming = null;
        }
        return count > 0 ? count + Math.max(0, more) : more;
    }

    @Override
    public void forget() {
        sealed.limit(0);
    }
}
