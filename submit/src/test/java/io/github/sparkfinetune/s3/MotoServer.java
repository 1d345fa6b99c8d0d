package io.github.sparkfinetune.s3;

import io.github.sparkfinetune.python.PipPackages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real S3 server in its own process: {@code moto} of PyPI, which pip installs once into {@code target/moto}. The
 * server keeps its objects in memory and checks no permissions.
 */
final class MotoServer implements AutoCloseable {
    private static final List<String> PACKAGES = List.of("moto[s3]==5.2.5", "flask", "flask-cors");
    private static final Path LOG = Path.of("target", "moto.log").toAbsolutePath();
    private static final long START_SECONDS = 60;

    private final Process process;
    private final int port;

    private MotoServer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static MotoServer start() throws IOException, InterruptedException {
        Path home = PipPackages.install("moto", PACKAGES);
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String main = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '" + port + "'])";
        ProcessBuilder command = new ProcessBuilder("python3", "-c", main)
                .redirectErrorStream(true)
                .redirectOutput(LOG.toFile());
        command.environment().put("PYTHONPATH", home.toString());
        MotoServer server = new MotoServer(command.start(), port);
        server.await();
        return server;
    }

    private void await() throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (true) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    process.destroyForcibly();
                    throw new IOException("moto does not start: " + Files.readString(LOG), e);
                }
            }
            Thread.sleep(50);
        }
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException(e));
        }
    }
}
