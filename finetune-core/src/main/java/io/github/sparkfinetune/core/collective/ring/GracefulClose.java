package io.github.sparkfinetune.core.collective.ring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
    void tell(RingFailure reason, boolean orderly) throws IOException {
        byte[] text = orderly ? new byte[0] : reason.body();
        Frame frame = orderly ? Frame.control(Frame.Kind.GOODBYE, reason.rank(), 0) : reason.frame(text.length);
        ByteBuffer body = ByteBuffer.allocateDirect(text.length).put(text).flip();
        Deque<Connection> untold = new ArrayDeque<>(peers);
        Set<Connection> staged = new HashSet<>();
        untold.removeIf(Connection::left);
        long deadline = System.nanoTime() + NANOS;
        while (true) {
            untold.removeIf(
                    peer -> isTold(peer, frame, body, staged) || (reason.isLoss() && peer.rank() == reason.rank()));
            if (untold.isEmpty() || System.nanoTime() >= deadline) {
                break;
            }
            untold.forEach(peer -> peer.interest(SelectionKey.OP_WRITE));
            selector.select(key -> {}, POLL_MILLIS);
            untold.forEach(peer -> peer.interest(0));
        }
        untold.forEach(peer -> LOG.debug("rank {} did not take the goodbye", peer.rank()));
    }

    /** Writes what a peer's socket takes of what was staged and then of the farewell; whether that is done. */
    private static boolean isTold(Connection peer, Frame frame, ByteBuffer body, Set<Connection> staged) {
        try {
            while (true) {
                if (!peer.staged()) {
                    if (!staged.add(peer)) {
                        return true;
                    }
                    peer.stage(frame, body.duplicate());
                }
                if (!peer.flush()) {
                    return false;
                }
            }
        } catch (IOException e) {
            LOG.debug("rank {} cannot be told: {}", peer.rank(), frame, e);
            return true;
        }
    }

    /**
     * Waits until the peers have closed their ends, since closing a socket with bytes unread may take back what was
     * told: of all of them at once, and of a rank that was given up too, which may still be there and is owed the
     * reason.
     */
    void linger() throws IOException {
        ByteBuffer ignored = ByteBuffer.allocateDirect(RingOperation.CHUNK);
        List<Connection> open = new ArrayList<>(peers);
        open.removeIf(peer -> !isFinished(peer));
        long deadline = System.nanoTime() + NANOS;
        while (true) {
            open.removeIf(peer -> hasEnded(peer, ignored));
            if (open.isEmpty() || System.nanoTime() >= deadline) {
                break;
            }
            open.forEach(peer -> peer.interest(SelectionKey.OP_READ));
            selector.select(key -> {}, POLL_MILLIS);
            open.forEach(peer -> peer.interest(0));
        }
    }

    /** Ends this side of a connection; whether its other side can still be read. */
    private static boolean isFinished(Connection peer) {
        try {
            peer.finish();
            return true;
        } catch (IOException e) {
            LOG.debug("rank {} was gone already", peer.rank(), e);
            return false;
        }
    }

    /** Reads what has come and forgets it; whether nothing more will come. */
    private static boolean hasEnded(Connection peer, ByteBuffer ignored) {
        try {
            int count;
            do {
                count = peer.channel().read(ignored.clear());
            } while (count > 0);
            return count < 0;
        } catch (IOException e) {
            LOG.debug("rank {} was gone already", peer.rank(), e);
            return true;
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
