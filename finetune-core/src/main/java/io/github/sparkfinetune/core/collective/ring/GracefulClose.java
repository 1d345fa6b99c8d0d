package io.github.sparkfinetune.core.collective.ring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a rank leaves its peers: tells them why, lets them read it, closes. Bounded by {@link #NANOS} each. */
final class GracefulClose implements AutoCloseable {
    /** Longest time for telling and for lingering. */
    static final long NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final Logger LOG = LoggerFactory.getLogger(GracefulClose.class);
    private static final long POLL_MILLIS = 10;

    private final Selector selector;
    private final List<Connection> peers;

    GracefulClose(Selector selector, List<Connection> peers) {
        this.selector = selector;
        this.peers = peers;
    }

    /** Sends a goodbye, or the reason; to a rank that is lost only if its socket takes it at once. */
    void tell(RingFailure reason, boolean orderly) {
        byte[] text = orderly ? new byte[0] : reason.body();
        Frame frame = orderly ? Frame.control(Frame.Kind.GOODBYE, reason.rank(), 0) : reason.frame(text.length);
        long now = System.nanoTime();
        for (Connection peer : peers) {
            boolean hopeless = reason.isLoss() && peer.rank() == reason.rank();
            try {
                tell(peer, frame, text, hopeless ? now : now + NANOS);
            } catch (IOException e) {
                LOG.debug("rank {} cannot be told: {}", peer.rank(), reason.getMessage(), e);
            }
        }
    }

    private void tell(Connection peer, Frame frame, byte[] text, long deadline) throws IOException {
        if (!peer.left() && flush(peer, deadline)) {
            ByteBuffer body = ByteBuffer.allocateDirect(text.length).put(text).flip();
            peer.stage(frame, body);
            if (!flush(peer, deadline)) {
                LOG.debug("rank {} did not take the goodbye", peer.rank());
            }
        }
    }

    private boolean flush(Connection peer, long deadline) throws IOException {
        while (peer.staged()) {
            if (!peer.flush()) {
                if (System.nanoTime() >= deadline) {
                    return false;
                }
                peer.interest(SelectionKey.OP_WRITE);
                selector.select(key -> {}, POLL_MILLIS);
                peer.interest(0);
            }
        }
        return true;
    }

    /**
     * Waits until the peers have closed their ends, since closing a socket with bytes unread may take back what was
     * told.
     *
     * @param lost a rank not to wait for
     */
    void linger(int lost) throws IOException {
        ByteBuffer ignored = ByteBuffer.allocateDirect(RingOperation.CHUNK);
        long deadline = System.nanoTime() + NANOS;
        for (Connection peer : peers) {
            try {
                peer.finish();
                while (peer.rank() != lost && System.nanoTime() < deadline) {
                    int count = peer.channel().read(ignored.clear());
                    if (count < 0) {
                        break;
                    }
                    if (count == 0) {
                        peer.interest(SelectionKey.OP_READ);
                        selector.select(key -> {}, POLL_MILLIS);
                        peer.interest(0);
                    }
                }
            } catch (IOException e) {
                LOG.debug("rank {} was gone already", peer.rank(), e);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            for (Connection peer : peers) {
                peer.channel().close();
            }
        } finally {
            selector.close();
        }
    }
}
