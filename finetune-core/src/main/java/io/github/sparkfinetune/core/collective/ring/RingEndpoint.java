package io.github.sparkfinetune.core.collective.ring;

import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The listening sockets on which a rank waits for the rank before it: TCP, and a Unix domain socket for a rank on the
 * same machine. Bound before the ranks exchange their addresses; {@link TcpRing#join} takes them over and closes them
 * as soon as the ring is complete.
 */
public final class RingEndpoint implements AutoCloseable {
    private static final int BACKLOG = 64;

    private final ServerSocketChannel server;
    private final Optional<UnixSocketServer> local;
    private final RingAddress address;

    private RingEndpoint(ServerSocketChannel server, Optional<UnixSocketServer> local, String host, int port) {
        this.server = server;
        this.local = local;
        this.address = RingAddress.of(host, port, local.map(UnixSocketServer::socket));
    }

    /**
     * Begins to listen.
     *
     * @param host name or address of this machine that the other ranks can reach
     * @param port TCP port, or 0 for one that the system chooses
     * @throws RunException if the port is taken or the host is not this machine
     */
    public static RingEndpoint bind(String host, int port) {
        InetSocketAddress wanted = new InetSocketAddress(host, port);
        if (wanted.isUnresolved()) {
            throw RunException.config("cluster: host '" + host + "' cannot be resolved; set spark.executor.bindAddress"
                    + " or the machine's host name to an address that the executors can reach");
        }
        try {
            ServerSocketChannel server = ServerSocketChannel.open();
            try {
                server.bind(wanted, BACKLOG);
                server.configureBlocking(false);
                int bound = ((InetSocketAddress) server.getLocalAddress()).getPort();
                return new RingEndpoint(server, UnixSocketServer.open(BACKLOG), host, bound);
            } catch (IOException | RuntimeException e) {
                server.close();
                throw e;
            }
        } catch (BindException e) {
            throw RunException.config("cluster.port: cannot listen on " + host + ":" + port + " (" + e.getMessage()
                    + "); choose a free port, or 0 for any");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + host + ":" + port, e);
        }
    }

    /**
     * Where the other ranks reach this one: {@code host:port}, an IPv6 host in brackets, followed by {@code #} and the
     * path of the Unix domain socket if there is one.
     */
    public String address() {
        return address.toString();
    }

    /** All that it listens on. */
    List<ServerSocketChannel> servers() {
        return Stream.concat(Stream.of(server), local.map(UnixSocketServer::channel).stream())
                .toList();
    }

    @Override
    public void close() {
        local.ifPresent(UnixSocketServer::close);
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + address.tcp(), e);
        }
    }
}
