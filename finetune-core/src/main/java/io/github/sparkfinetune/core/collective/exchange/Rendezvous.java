package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.core.collective.address.Topology;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joining of an exchange: connects to the peers below this rank and admits the peers above it, in one selector loop.
 * Any number of strangers may connect meanwhile. They cannot delay a true peer: each connection has its own handshake
 * and deadline. If there are too many, the oldest connection without a member's hello is dropped.
 */
final class Rendezvous implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);
    private static final long LONGEST_HANDSHAKE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int MOST_STRANGERS = 128;

    private final RankEndpoint endpoint;
    private final Member member;
    private final BooleanSupplier cancelled;
    private final long deadline;
    private final long handshakeNanos;
    private final Selector selector = Selector.open();

    private final Deque<PendingHandshake.Greeter> pending = new ArrayDeque<>();
    private final List<Dialling> dialled = new ArrayList<>();
    private final SortedSet<Integer> peers;
    private final SortedMap<Integer, Connection> joined = new TreeMap<>();

    private Rendezvous(RankEndpoint endpoint, Member member, ExchangeTimeouts timeouts, BooleanSupplier cancelled)
            throws IOException {
        this.endpoint = endpoint;
        this.member = member;
        this.cancelled = cancelled;
        this.deadline = System.nanoTime() + timeouts.join().toNanos();
        this.handshakeNanos = Math.min(LONGEST_HANDSHAKE_NANOS, timeouts.join().toNanos() / 4);
        Topology topology = member.topology();
        this.peers = topology.peers(member.rank());
        for (int peer : peers.headSet(member.rank())) {
            boolean locally = topology.hostOf(peer) == topology.hostOf(member.rank());
            dialled.add(new Dialling(member, peer, locally, selector, deadline));
        }
    }

    /** Returns the loop of a connected exchange. The caller still owns the endpoint. */
    static ExchangeThread join(
            RankEndpoint endpoint, Member member, ExchangeTimeouts timeouts, BooleanSupplier cancelled)
            throws IOException {
        try (Rendezvous join = new Rendezvous(endpoint, member, timeouts, cancelled)) {
            try {
                join.run();
                return join.exchange(timeouts);
            } catch (IOException | RuntimeException e) {
                join.abort(e);
                if (Thread.currentThread().isInterrupted()) {
                    throw (CancellationException)
                            new CancellationException("interrupted while the ranks were joining").initCause(e);
                }
                throw e;
            }
        }
    }

    private void run() throws IOException {
        for (ServerSocketChannel server : endpoint.servers()) {
            server.register(selector, SelectionKey.OP_ACCEPT);
        }
        while (joined.size() < peers.size()) {
            long now = System.nanoTime();
            if (Thread.currentThread().isInterrupted() || cancelled.getAsBoolean()) {
                throw new CancellationException("cancelled while the ranks were joining");
            }
            if (now >= deadline) {
                throw missing();
            }
            for (Dialling each : dialled) {
                if (!joined.containsKey(each.peer())) {
                    each.dialIfDue(now);
                }
            }
            dropExpired(now);
            selector.select(TimeUnit.NANOSECONDS.toMillis(POLL_NANOS));
            for (SelectionKey key : selector.selectedKeys()) {
                handle(key);
            }
            selector.selectedKeys().clear();
        }
    }

    private LostRankException missing() {
        int rank = peers.stream()
                .filter(peer -> !joined.containsKey(peer))
                .findFirst()
                .orElseThrow();
        String why = dialled.stream()
                .filter(each -> each.peer() == rank)
                .map(Dialling::refusal)
                .findFirst()
                .orElse("it did not connect");
        return new LostRankException(rank, member.name(rank) + " did not join in time: " + why, null);
    }

    private void handle(SelectionKey key) throws IOException {
        if (!key.isValid()) {
            return;
        }
        if (key.isAcceptable()) {
            admit((ServerSocketChannel) key.channel());
        } else if (key.attachment() instanceof Dialling dialling) {
            dialling.advance(key).ifPresent(connection -> joined.put(dialling.peer(), connection));
        } else {
            PendingHandshake.Greeter greeter = (PendingHandshake.Greeter) key.attachment();
            try {
                if (greeter.advance()) {
                    key.cancel();
                    join(greeter);
                }
            } catch (IOException e) {
                drop(greeter, e.getMessage());
            }
        }
    }

    private void admit(ServerSocketChannel server) throws IOException {
        SocketChannel channel = server.accept();
        if (channel == null) {
            return;
        }
        channel.configureBlocking(false);
        boolean local = channel.getLocalAddress() instanceof UnixDomainSocketAddress;
        PendingHandshake.Greeter handshake = new PendingHandshake.Greeter(
                channel, Handshake.greet(member, local), System.nanoTime() + handshakeNanos);
        channel.register(selector, SelectionKey.OP_READ, handshake);
        pending.add(handshake);
        if (pending.size() > MOST_STRANGERS + peers.size()) {
            PendingHandshake.Greeter silent = pending.stream()
                    .filter(each -> !each.challenged())
                    .findFirst()
                    .orElse(pending.peek());
            drop(silent, "too many connections at once");
        }
    }

    private void dropExpired(long now) throws IOException {
        for (PendingHandshake.Greeter handshake : List.copyOf(pending)) {
            if (now >= handshake.deadline()) {
                drop(handshake, "it proved nothing in time");
            }
        }
    }

    private void drop(PendingHandshake handshake, String why) throws IOException {
        LOG.warn(
                "rank {} dropped a connection from {}: {}",
                member.rank(),
                handshake.channel().getRemoteAddress(),
                why);
        pending.remove(handshake);
        handshake.channel().close();
    }

    private void join(PendingHandshake.Greeter greeter) throws IOException {
        int rank = greeter.handshake().peer();
        if (joined.containsKey(rank)) {
            drop(greeter, "rank " + rank + " has joined already");
            return;
        }
        joined.put(rank, greeter.connection());
        pending.remove(greeter);
    }

    private ExchangeThread exchange(ExchangeTimeouts timeouts) throws IOException {
        // Closed only now, because a selector drops a cancelled key at its next selection.
        selector.close();
        List<Connection> connections = List.copyOf(joined.values());
        for (Connection peer : connections) {
            SocketChannel channel = peer.channel();
            if (channel.getRemoteAddress() instanceof InetSocketAddress) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            }
        }
        ExchangePeers all =
                new ExchangePeers(member, connections, timeouts.silence().toNanos());
        return new ExchangeThread(member, all, timeouts.operation().toNanos(), cancelled);
    }

    /** Notifies the joined peers why they wait in vain. */
    private void abort(Exception cause) throws IOException {
        int rank = cause instanceof LostRankException lost ? lost.rank() : member.rank();
        ExchangeFailure failure = new ExchangeFailure(ExchangeFailure.Reason.LOST, rank, message(cause), cause);
        try (Selector closing = Selector.open();
                GracefulClose parting = new GracefulClose(closing, List.copyOf(joined.values()))) {
            for (Connection peer : joined.values()) {
                peer.key(peer.channel().register(closing, 0));
            }
            parting.notifyPeers(failure, false);
        }
    }

    private String message(Exception cause) {
        return cause instanceof LostRankException
                ? cause.getMessage()
                : member.name(member.rank()) + " stopped joining: " + cause.getMessage();
    }

    @Override
    public void close() throws IOException {
        try {
            for (PendingHandshake.Greeter handshake : List.copyOf(pending)) {
                drop(handshake, "the exchange is complete or aborted");
            }
            for (Dialling each : dialled) {
                each.close();
            }
        } finally {
            selector.close();
        }
    }
}
