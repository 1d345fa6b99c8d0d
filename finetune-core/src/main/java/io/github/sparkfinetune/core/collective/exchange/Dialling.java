package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connecting to a peer below this rank, driven by the selector. A refused connection is dialled again after a pause; a
 * Unix domain socket that cannot be reached is replaced by TCP.
 */
final class Dialling implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dialling.class);
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Member member;
    private final int peer;
    private final Selector selector;
    private final long deadline;
    private PendingHandshake.Dialler handshake;
    private boolean locally;
    private String refusal = "it did not answer";
    private long nextDial = System.nanoTime();
    private long pause = FIRST_PAUSE_NANOS;

    /**
     * @param locally whether the peer is on this host, so that its Unix domain socket is dialled first
     * @param selector selector of the connection, whose keys have this object attached
     * @param deadline deadline of the handshake, by {@link System#nanoTime()}
     */
    Dialling(Member member, int peer, boolean locally, Selector selector, long deadline) {
        this.member = member;
        this.peer = peer;
        this.locally = locally;
        this.selector = selector;
        this.deadline = deadline;
    }

    /** Returns the rank of the peer. */
    int peer() {
        return peer;
    }

    /** Returns why the peer has not joined yet. */
    String refusal() {
        return refusal;
    }

    /** Dials the peer, unless a handshake is pending or the pause is not over. */
    void dialIfDue(long now) throws IOException {
        if (handshake != null || now < nextDial) {
            return;
        }
        RankAddress address = RankAddress.parse(member.addresses().get(peer));
        Optional<SocketAddress> local = locally ? address.localSocket() : Optional.empty();
        locally = local.isPresent();
        InetSocketAddress tcp = address.socket();
        if (!locally && tcp.isUnresolved()) {
            throw new LostRankException(peer, member.name(peer) + " cannot be reached: unknown host", null);
        }
        SocketChannel channel = locally ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        handshake = new PendingHandshake.Dialler(channel, Handshake.dial(member, peer, locally), deadline);
        channel.configureBlocking(false);
        try {
            boolean connected = channel.connect(local.orElse(tcp));
            channel.register(selector, connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
            if (connected) {
                handshake.begin();
            }
        } catch (IOException e) {
            redial(e);
        }
    }

    /** Handles what the channel is ready for; returns the connection once the handshake is complete. */
    Optional<Connection> advance(SelectionKey key) throws IOException {
        try {
            if (key.isConnectable()) {
                handshake.channel().finishConnect();
                key.interestOps(SelectionKey.OP_READ);
                handshake.begin();
            } else if (handshake.advance()) {
                key.cancel();
                Connection connection = handshake.connection();
                handshake = null;
                return Optional.of(connection);
            }
        } catch (IOException e) {
            redial(e);
        }
        return Optional.empty();
    }

    private void redial(IOException why) throws IOException {
        handshake.channel().close();
        handshake = null;
        if (locally) {
            // A path that exists here may belong to another machine that shares the folder.
            LOG.info("{} cannot be reached by its Unix domain socket: {}", member.name(peer), why.getMessage());
            locally = false;
            return;
        }
        if (why instanceof ConnectException) {
            // A rank listens before it publishes its address and until it has joined, so this rank is gone.
            throw new LostRankException(peer, member.name(peer) + " cannot be reached: " + why.getMessage(), why);
        }
        LOG.warn("{} did not admit rank {}: {}", member.name(peer), member.rank(), why.getMessage());
        refusal = why.getMessage();
        nextDial = System.nanoTime() + pause;
        pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
    }

    /** Closes a channel whose handshake is pending. */
    @Override
    public void close() throws IOException {
        if (handshake != null) {
            handshake.channel().close();
        }
    }
}
