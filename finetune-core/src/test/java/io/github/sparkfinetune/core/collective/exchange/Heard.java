package io.github.sparkfinetune.core.collective.exchange;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Connections on which a peer has sent bytes. The peer accepts answers and closes last. */
final class Heard {
    /** Most bytes that a peer sends; they fit a socket's buffer, so that no write blocks. */
    private static final int MOST = 1 << 16;

    private static final Path FOLDER = folder();
    private static final Path SOCKET = FOLDER.resolve("s");
    private static final ServerSocketChannel SERVER = server();

    private Heard() {}

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory(Path.of("/tmp"), "exchange-peer");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static ServerSocketChannel server() {
        try {
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(SOCKET));
            SOCKET.toFile().deleteOnExit();
            return server;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /**
     * Returns the receiving end of a connection on which a peer has written the bytes, up to the limit, and then
     * closed.
     */
    static SocketChannel by(byte[] bytes) throws IOException {
        SocketChannel receiver = SocketChannel.open(UnixDomainSocketAddress.of(SOCKET));
        try (SocketChannel peer = SERVER.accept()) {
            ByteBuffer bytesToSend = ByteBuffer.wrap(bytes, 0, Math.min(bytes.length, MOST));
            while (bytesToSend.hasRemaining()) {
                peer.write(bytesToSend);
            }
        }
        receiver.configureBlocking(false);
        return receiver;
    }
}
