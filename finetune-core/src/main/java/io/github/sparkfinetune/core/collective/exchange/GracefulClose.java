package io.github.sparkfinetune.core.collective.exchange;

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

/**
 * Orderly end of a rank's connections: it notifies the peers of the reason, waits until they have read it, and closes.
 * Each step takes at most {@link #NANOS}.
 */
final class GracefulClose implements AutoCloseable {
    /** Longest time of notifying, and of lingering. */
    static final long NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final Logger LOG = LoggerFactory.getLogger(GracefulClose.class);
    private static final long POLL_MILLIS = 10;

    private final Selector selector;
    private final List<Connection> peers;

    GracefulClose(Selector selector, List<Connection> peers) {
        this.selector = selector;
        this.peers = peers;
    }

    /** Sends a goodbye, or the reason. A lost rank gets it only if its socket accepts it at once. */
    void notifyPeers(ExchangeFailure reason, boolean orderly) throws IOException {
        byte[] text = orderly ? new byte[0] : reason.body();
        Frame frame = orderly ? Frame.control(Frame.Kind.GOODBYE, reason.rank(), 0) : reason.frame(text.length);
        ByteBuffer body = ByteBuffer.allocateDirect(text.length).put(text).flip();
        Deque<Connection> unnotified = new ArrayDeque<>(peers);
        Set<Connection> staged = new HashSet<>();
        unnotified.removeIf(Connection::left);
        long deadline = System.nanoTime() + NANOS;
        while (true) {
            unnotified.removeIf(
                    peer -> isNotified(peer, frame, body, staged) || (reason.isLoss() && peer.rank() == reason.rank()));
            if (unnotified.isEmpty() || System.nanoTime() >= deadline) {
                break;
            }
            unnotified.forEach(peer -> peer.interest(SelectionKey.OP_WRITE));
            selector.select(key -> {}, POLL_MILLIS);
            unnotified.forEach(peer -> peer.interest(0));
        }
        unnotified.forEach(peer -> LOG.debug("rank {} did not accept the goodbye", peer.rank()));
    }

    /**
     * Writes staged bytes and then the farewell as far as a peer's socket accepts them; returns whether all is written.
     */
    private static boolean isNotified(Connection peer, Frame frame, ByteBuffer body, Set<Connection> staged) {
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
            LOG.debug("rank {} cannot be notified: {}", peer.rank(), frame, e);
            return true;
        }
    }

    /**
     * Waits until the peers have closed their ends, because closing a socket with unread bytes may discard the sent
     * bytes. It waits for all peers at the same time, including a rank that is reported as lost, which may still need
     * the reason.
     */
    void linger() throws IOException {
        ByteBuffer ignored = ByteBuffer.allocateDirect(ExchangeOperation.CHUNK);
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

    /** Ends this side of a connection; returns whether the other side can still be read. */
    private static boolean isFinished(Connection peer) {
        try {
            peer.finish();
            return true;
        } catch (IOException e) {
            LOG.debug("rank {} was gone already", peer.rank(), e);
            return false;
        }
    }

    /** Reads and discards the available bytes; returns whether the connection has ended. */
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
