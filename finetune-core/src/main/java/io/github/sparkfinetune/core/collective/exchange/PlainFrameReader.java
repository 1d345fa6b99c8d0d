package io.github.sparkfinetune.core.collective.exchange;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Reader of plain frames. A body is read into the caller's buffer without a copy, the next header in the same call. */
final class PlainFrameReader implements FrameReader {
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final ByteBuffer header = ByteBuffer.allocateDirect(Frame.BYTES);
    private final ByteBuffer[] in = {NOTHING, header};
    private Frame head;

    @Override
    public Frame head() {
        return head;
    }

    @Override
    public void body(ByteBuffer target) {
        head = null;
        header.clear();
        in[0] = target;
    }

    @Override
    public ByteBuffer opened() {
        return null;
    }

    @Override
    public boolean complete() {
        return !in[0].hasRemaining();
    }

    @Override
    public long read(SocketChannel channel) throws IOException {
        long count = in[0].hasRemaining() ? channel.read(in) : channel.read(header);
        if (!in[0].hasRemaining()) {
            in[0] = NOTHING;
            if (!header.hasRemaining()) {
                head = Frame.read(header);
                if (head == null) {
                    throw new ProtocolException("it sent bytes that are no frame");
                }
            }
        }
        return count;
    }

    @Override
    public void forget() {
        in[0] = NOTHING;
    }
}
