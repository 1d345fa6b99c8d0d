package io.github.sparkfinetune.core.collective;

import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;

/**
 * The listening socket on which a rank waits for the rank before it. Bound before the ranks exchange their addresses;
 * {@link TcpRing#join} takes it over and closes it as soon as the ring is complete.
 */
public final class RingEndpoint implements AutoCloseable {
    private static final int BACKLOG = 64;

    private final ServerSocketChannel server;
    private final String address;

    private RingEndpoint(ServerSocketChannel server, String address) {
        this.server = server;
        this.address = address;
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
                return new RingEndpoint(server, format(host, bound));
            } catch (IOException | RuntimeException e) {
                server.close();
                throw e;
            }
        } catch (BindException e) {
            throw RunException.config("cluster.port: cannot listen on " + format(host, port) + " (" + e.getMessage()
                    + "); choose a free port, or 0 for any");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + format(host, port), e);
        }
    }

    /** Where the other ranks reach this one: {@code host:port}, an IPv6 host in brackets. */
    public String address() {
        return address;
    }

    ServerSocketChannel server() {
        return server;
    }

    /** The socket address that {@link #address()} stands for. */
    static InetSocketAddress parse(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("'" + address + "' is not host:port");
        }
        String host = address.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        return new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1)));
    }

    private static String format(String host, int port) {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + address, e);
        }
    }
}
