package io.github.sparkfinetune.core.collective.address;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Address at which a rank listens. As text it is {@code host:port}, with an IPv6 host in brackets, or
 * {@code host:port#path} if the rank also listens on a Unix domain socket of its machine. A rank of the same host that
 * finds the path tries the socket first, then TCP.
 *
 * @param tcp {@code host:port}, which is also the rank's address in messages
 * @param local absolute path of the socket, if any
 */
public record RankAddress(String tcp, Optional<Path> local) {
    private static final char SEPARATOR = '#';

    public static RankAddress of(String host, int port, Optional<Path> local) {
        return new RankAddress((host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port, local);
    }

    public static RankAddress parse(String text) {
        int end = text.indexOf(SEPARATOR);
        return end < 0
                ? new RankAddress(text, Optional.empty())
                : new RankAddress(text.substring(0, end), Optional.of(Path.of(text.substring(end + 1))));
    }

    /** Returns the host; an IPv6 host is in brackets. */
    String host() {
        int colon = tcp.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("'" + tcp + "' is not host:port");
        }
        return tcp.substring(0, colon);
    }

    /** Returns the TCP address; unresolved if the host is unknown here. */
    public InetSocketAddress socket() {
        String host = host();
        int colon = tcp.lastIndexOf(':');
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        return new InetSocketAddress(host, Integer.parseInt(tcp.substring(colon + 1)));
    }

    /** Returns the Unix domain socket, if its path exists on this machine; on another machine it does not. */
    public Optional<SocketAddress> localSocket() {
        return local.filter(Files::exists).map(UnixDomainSocketAddress::of);
    }

    @Override
    public String toString() {
        return local.map(path -> tcp + SEPARATOR + path).orElse(tcp);
    }
}
