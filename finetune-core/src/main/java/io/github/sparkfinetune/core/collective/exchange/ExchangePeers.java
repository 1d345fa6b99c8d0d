package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.exchange.ExchangeFailure.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A rank's connections, with the detection of their failures. */
final class ExchangePeers {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangePeers.class);
    private static final int SIGNS_OF_LIFE = 4;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final Member member;
    private final List<Peer> peers = new ArrayList<>();
    private final Selector selector;
    private final long silence;
    private final ByteBuffer abortText = ByteBuffer.allocateDirect(Frame.LONGEST_TEXT);

    /** @param silence nanoseconds without a sign of life after which a rank is lost */
    ExchangePeers(Member member, List<Connection> connections, long silence) throws IOException {
        this.member = member;
        this.silence = silence;
        this.selector = Selector.open();
        for (Connection connection : connections) {
            Peer peer = new Peer(connection);
            connection.key(connection.channel().register(selector, SelectionKey.OP_READ, peer));
            peers.add(peer);
        }
    }

    List<Peer> all() {
        return peers;
    }

    /** Ends the current or the next {@link #await}; any thread may call it. */
    void wake() {
        selector.wakeup();
    }

    /** Writes as much as a peer's socket accepts; returns whether it accepted anything. */
    boolean flush(Peer peer) throws ExchangeFailure {
        if (!peer.writable()) {
            return false;
        }
        try {
            boolean any = peer.connection().flush();
            peer.writable(!peer.connection().staged());
            return any;
        } catch (IOException e) {
            throw lost(peer.connection(), e);
        }
    }

    /** Returns whether a heartbeat to a peer is due. */
    boolean heartbeatDue(Peer peer) {
        return System.nanoTime() - peer.connection().sent() > silence / SIGNS_OF_LIFE;
    }

    /**
     * Reads available bytes of a peer; returns whether there were any. Goodbyes and aborts are handled here; the caller
     * handles all other frames.
     */
    boolean read(Peer peer) throws ExchangeFailure {
        if (!peer.readable()) {
            return false;
        }
        Connection from = peer.connection();
        try {
            boolean any = from.read();
            peer.readable(any);
            Frame frame = from.complete() ? from.head() : null;
            if (frame != null && frame.kind() == Frame.Kind.ABORT) {
                throw readAbort(from, frame);
            }
            if (frame != null && frame.kind() == Frame.Kind.GOODBYE) {
                from.body(NOTHING);
                from.leave();
            }
            return any;
        } catch (FrameReader.ProtocolException e) {
            String text = member.name(from.rank()) + ": " + e.getMessage();
            throw new ExchangeFailure(Reason.MISMATCH, from.rank(), text, e);
        } catch (IOException e) {
            throw lost(from, e);
        }
    }

    /** Determines which sockets are ready, unless it is known of all. */
    void poll() throws ExchangeFailure {
        boolean known = true;
        for (Peer peer : peers) {
            known &= peer.connection().left() || (peer.readable() && peer.writable());
        }
        if (!known) {
            select(0);
        }
    }

    /**
     * Waits until a socket is ready, {@link #wake} is called or {@code longest} nanoseconds have passed, but not beyond
     * the time of the next heartbeat.
     */
    void await(long longest) throws ExchangeFailure {
        long now = System.nanoTime();
        long wait = longest;
        for (Peer peer : peers) {
            Connection connection = peer.connection();
            if (!connection.left() && !connection.staged()) {
                wait = Math.min(wait, silence / SIGNS_OF_LIFE - (now - connection.sent()));
            }
            if (peer.listening()) {
                long rest = silence - (now - connection.heard());
                if (rest <= 0) {
                    throw lost(connection, new IOException("no sign of life for " + silence / 1_000_000 + " ms"));
                }
                wait = Math.min(wait, rest);
            }
        }
        select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(wait)));
    }

    /** @param millis longest time to wait, or 0 for none */
    private void select(long millis) throws ExchangeFailure {
        for (Peer peer : peers) {
            int reading = peer.listening() ? SelectionKey.OP_READ : 0;
            Connection connection = peer.connection();
            connection.interest(reading | (!connection.left() && connection.staged() ? SelectionKey.OP_WRITE : 0));
        }
        try {
            if (millis == 0) {
                selector.selectNow(ExchangePeers::ready);
            } else {
                selector.select(ExchangePeers::ready, millis);
            }
        } catch (IOException e) {
            String text = member.name(member.rank()) + " cannot wait for its sockets: " + e.getMessage();
            throw new ExchangeFailure(Reason.LOST, member.rank(), text, e);
        }
    }

    private static void ready(SelectionKey key) {
        Peer peer = (Peer) key.attachment();
        peer.readable(peer.readable() || key.isReadable());
        peer.writable(peer.writable() || key.isWritable());
    }

    private ExchangeFailure readAbort(Connection from, Frame frame) throws IOException {
        ByteBuffer body = abortText.clear().limit(frame.length());
        from.body(body);
        long deadline = System.nanoTime() + GracefulClose.NANOS;
        try {
            while (!from.complete() && System.nanoTime() < deadline) {
                if (!from.read()) {
                    from.interest(SelectionKey.OP_READ);
                    selector.select(key -> {}, 10);
                }
            }
        } catch (IOException e) {
            LOG.debug("{} ended amid its abort", member.name(from.rank()), e);
        }
        return ExchangeFailure.reported(frame, body.flip());
    }

    /**
     * Returns the failure of a connection that has ended. Its rank, or another rank, may have reported the true cause
     * before.
     */
    private ExchangeFailure lost(Connection ended, IOException cause) {
        for (Peer peer : peers) {
            try {
                ExchangeFailure reported = abortOf(peer);
                if (reported != null) {
                    return reported;
                }
            } catch (IOException e) {
                LOG.debug("{} ended too", member.name(peer.rank()), e);
            }
        }
        String text = member.name(ended.rank()) + " was lost: " + cause.getMessage();
        return new ExchangeFailure(Reason.LOST, ended.rank(), text, cause);
    }

    /**
     * Returns the abort among a peer's frames, or null. Chunks before it are discarded, because the exchange has ended.
     */
    private ExchangeFailure abortOf(Peer peer) throws IOException {
        Connection from = peer.connection();
        long deadline = System.nanoTime() + GracefulClose.NANOS;
        ByteBuffer ignored = ByteBuffer.allocateDirect(ExchangeOperation.CHUNK);
        while (!from.left() && System.nanoTime() < deadline) {
            Frame frame = from.complete() ? from.head() : null;
            if (frame != null && frame.kind() == Frame.Kind.ABORT) {
                return readAbort(from, frame);
            }
            if (frame != null) {
                from.body(ignored.clear().limit(frame.length()));
            }
            if (!from.read()) {
                break;
            }
        }
        return null;
    }

    /**
     * Closes all connections. {@code notified} runs after the peers were notified, before the wait until they have
     * read.
     */
    void close(ExchangeFailure reason, boolean orderly, Runnable notified) {
        List<Connection> connections = peers.stream().map(Peer::connection).toList();
        try (GracefulClose parting = new GracefulClose(selector, connections)) {
            try {
                parting.notifyPeers(reason, orderly);
            } finally {
                notified.run();
            }
            parting.linger();
        } catch (IOException e) {
            LOG.debug("{} could not leave its exchange cleanly", member.name(member.rank()), e);
        }
    }
}
