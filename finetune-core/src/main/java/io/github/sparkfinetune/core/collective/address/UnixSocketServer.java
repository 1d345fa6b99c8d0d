package io.github.sparkfinetune.core.collective.address;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unix domain socket on which a rank listens beside its TCP port. Between two processes of one machine, its bytes cost
 * about two thirds of TCP's. The socket is in its own temporary folder with an unpredictable name, which only this user
 * can enter. The folder is in /tmp if the temporary folder's path is too long for a socket, as in a YARN container.
 */
public final class UnixSocketServer implements AutoCloseable {
    /** Longest path of a socket in bytes: {@code sun_path} has 108 bytes on Linux, of which the last is 0. */
    private static final int LONGEST_PATH = 107;

    private static final Path SHORT = Path.of("/tmp");
    private static final String NAME = "rank";
    // The longest name that createTempDirectory can make.
    private static final String LONGEST_NAME = "ranks" + Long.MAX_VALUE + "0/" + NAME;

    private static final Logger LOG = LoggerFactory.getLogger(UnixSocketServer.class);

    private final ServerSocketChannel channel;
    private final Path socket;

    private UnixSocketServer(ServerSocketChannel channel, Path socket) {
        this.channel = channel;
        this.socket = socket;
    }

    /** Begins to listen; returns empty if the system has no Unix domain sockets. */
    public static Optional<UnixSocketServer> open(int backlog) {
        return open(backlog, Path.of(System.getProperty("java.io.tmpdir")));
    }

    public static Optional<UnixSocketServer> open(int backlog, Path temporary) {
        Path folder = null;
        ServerSocketChannel channel = null;
        try {
            channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            // createTempDirectory gives only the owner access.
            folder = Files.createTempDirectory(fits(temporary) ? temporary : SHORT, "ranks");
            Path socket = folder.resolve(NAME);
            channel.bind(UnixDomainSocketAddress.of(socket), backlog);
            channel.configureBlocking(false);
            return Optional.of(new UnixSocketServer(channel, socket));
        } catch (IOException | UnsupportedOperationException e) {
            LOG.info("ranks on this machine use TCP, not a Unix domain socket: {}", e.getMessage());
            discard(channel, folder);
            return Optional.empty();
        }
    }

    private static boolean fits(Path temporary) {
        return temporary.resolve(LONGEST_NAME).toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_PATH;
    }

    ServerSocketChannel channel() {
        return channel;
    }

    /** Returns the absolute path of the socket. */
    public Path socket() {
        return socket;
    }

    @Override
    public void close() {
        discard(channel, socket.getParent());
    }

    private static void discard(ServerSocketChannel channel, Path folder) {
        try {
            if (channel != null) {
                channel.close();
            }
            if (folder != null) {
                Files.deleteIfExists(folder.resolve(NAME));
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted: {}", folder, e.toString());
        }
    }
}
