package io.github.sparkfinetune.core.collective.ring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a rank parts from its neighbours: tells them why, lets them read it, closes. Bounded by {@link #NANOS} each. */
final class GracefulClose implements AutoCloseable {
    /** Longest time for telling and for lingering. */
    static final long NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final Logger LOG = LoggerFactory.getLogger(GracefulClose.class);
    private static final long POLL_MILLIS = 10;

    private final Selector selector;
    private final List<Connection> neighbours;

    GracefulClose(Selector selector, List<Connection> neighbours) {
        this.selector = selector;
        this.neighbours = neighbours;
    }

    /** Sends a goodbye, or the reason; to a rank that is lost only if its socket takes it at once. */
    void tell(RingFailure reason, boolean orderly) {
        byte[] text = orderly ? new byte[0] : reason.body();
        Frame frame = orderly ? Frame.control(Frame.Kind.GOODBYE, reason.rank(), 0) : reason.frame(text.length);
        long now = System.nanoTime();
        for (Connection neighbour : neighbours) {
            boolean hopeless = reason.isLoss() && neighbour.rank() == reason.rank();
            try {
                tell(neighbour, frame, text, hopeless ? now : now + NANOS);
            } catch (IOException e) {
                LOG.debug("rank {} cannot be told: {}", neighbour.rank(), reason.getMessage(), e);
            }
        }
    }

    private void tell(Connection neighbour, Frame frame, byte[] text, long deadline) throws IOException {
        if (!neighbour.left() && flush(neighbour, deadline)) {
            ByteBuffer body = ByteBuffer.allocateDirect(text.length).put(text).flip();
            neighbour.stage(frame, body);
            if (!flush(neighbour, deadline)) {
                LOG.debug("rank {} did not take the farewell", neighbour.rank());
            }
        }
    }

    private boolean flush(Connection neighbour, long deadline) throws IOException {
        while (neighbour.staged()) {
            if (!neighbour.flush()) {
                if (System.nanoTime() >= deadline) {
                    return false;
                }
                neighbour.interest(SelectionKey.OP_WRITE);
                selector.select(key -> {}, POLL_MILLIS);
                neighbour.interest(0);
            }
        }
        return true;
    }

    /**
     * Waits until the neighbours have closed their ends, since closing a socket with bytes unread may take back what
     * was told.
     *
     * @param lost a rank not to wait for
     */
    void linger(int lost) throws IOException {
        ByteBuffer ignored = ByteBuffer.allocateDirect(RingOperation.CHUNK);
        long deadline = System.nanoTime() + NANOS;
        for (Connection neighbour : neighbours) {
            try {
                neighbour.finish();
                while (neighbour.rank() != lost && System.nanoTime() < deadline) {
                    int count = neighbour.channel().read(ignored.clear());
                    if (count < 0) {
                        break;
                    }
                    if (count == 0) {
                        neighbour.interest(SelectionKey.OP_READ);
                        selector.select(key -> {}, POLL_MILLIS);
                        neighbour.interest(0);
                    }
                }
            } catch (IOException e) {
                LOG.debug("rank {} was gone already", neighbour.rank(), e);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            for (Connection neighbour : neighbours) {
                neighbour.channel().close();
            }
        } finally {
            selector.close();
        }
    }
}
