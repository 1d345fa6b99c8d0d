package io.github.sparkfinetune.core.collective.address;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Listening sockets on which a rank waits for its peers: TCP, and a Unix domain socket for peers on the same machine.
 * They are bound before the ranks exchange their addresses. {@code TcpExchange.join} takes ownership of them and closes
 * them as soon as the exchange is complete.
 */
public final class RankEndpoint implements AutoCloseable {
    private static final int BACKLOG = 1024;
    private static final int HIGHEST_PORT = 65535;

    private final ServerSocketChannel server;
    private final Optional<UnixSocketServer> local;
    private final RankAddress address;

    private RankEndpoint(ServerSocketChannel server, Optional<UnixSocketServer> local, String host) throws IOException {
        this.server = server;
        this.local = local;
        int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        this.address = RankAddress.of(host, port, local.map(UnixSocketServer::socket));
    }

    /**
     * Begins to listen.
     *
     * @param host name or address of this machine that the other ranks can reach
     * @param port TCP port, or 0 for a free port
     * @throws RunException if the port is taken or the host is not this machine
     */
    public static RankEndpoint bind(String host, int port) {
        return bind(host, host, port, 0);
    }

    /**
     * Begins to listen.
     *
     * @param bindAddress address to listen on, which differs from {@code host} behind NAT or in a container; 0.0.0.0
     *     for all
     * @param host name or address at which the other ranks reach this rank
     * @param port TCP port, or 0 for a free port
     * @param retries number of following ports that are tried in turn if the port is taken
     * @throws RunException if all these ports are taken or the address is not this machine's
     */
    public static RankEndpoint bind(String bindAddress, String host, int port, int retries) {
        if (new InetSocketAddress(bindAddress, port).isUnresolved()) {
            throw RunException.config("cluster: host '" + bindAddress + "' cannot be resolved; set cluster.bind_address"
                    + " or the machine's host name to an address that it has");
        }
        int last = port == 0 ? 0 : Math.min(port + retries, HIGHEST_PORT);
        for (int tried = port; ; tried++) {
            try {
                return new RankEndpoint(listen(bindAddress, tried), UnixSocketServer.open(BACKLOG), host);
            } catch (BindException e) {
                if (tried >= last) {
                    String ports = port == last ? "port " + port : "any port of " + port + " to " + last;
                    throw RunException.config("cluster.port: cannot listen on " + ports + " of " + bindAddress + " ("
                            + e.getMessage() + "); choose a free port, or 0 for any; for an address that is not this"
                            + " machine's set cluster.bind_address");
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot listen on " + bindAddress + ":" + tried, e);
            }
        }
    }

    private static ServerSocketChannel listen(String address, int port) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        try {
            server.bind(new InetSocketAddress(address, port), BACKLOG);
            server.configureBlocking(false);
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /**
     * Returns the address at which other ranks reach this rank: {@code host:port}, with an IPv6 host in brackets,
     * followed by {@code #} and the path of the Unix domain socket, if there is one.
     */
    public String address() {
        return address.toString();
    }

    /** Returns all listening sockets. */
    public List<ServerSocketChannel> servers() {
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
