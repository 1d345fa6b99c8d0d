package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.address.RankAddress;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A man in the middle of a dialler and its greeter. It forwards and records their bytes. Each frame of the dialler goes
 * through an {@link Attack}, which may change the frame.
 */
final class Eavesdropper implements AutoCloseable {
    private static final int LENGTH_AT = 8;

    private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final String target;
    private final int tag;
    private final Attack attack;
    private final ByteArrayOutputStream recorded = new ByteArrayOutputStream();
    private final List<Closeable> opened = new CopyOnWriteArrayList<>(List.of(server));
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    /**
     * Returns the frames to forward instead of the dialler's frame {@code number}, which counts from 0; none drops the
     * frame.
     */
    interface Attack {
        List<byte[]> on(int number, byte[] frame);
    }

    Eavesdropper(String target, boolean sealed, Attack attack) throws IOException {
        this.target = target;
        this.tag = sealed ? FrameCipher.TAG_BYTES : 0;
        this.attack = attack;
        start(this::serve);
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    /** Returns all bytes that the dialler has sent. */
    synchronized byte[] recorded() {
        return recorded.toByteArray();
    }

    private void serve() throws IOException {
        Socket dialler = server.accept();
        opened.add(dialler);
        Socket greeter = new Socket();
        opened.add(greeter);
        greeter.connect(RankAddress.parse(target).socket());
        start(() -> greeter.getInputStream().transferTo(dialler.getOutputStream()));
        DataInputStream in = new DataInputStream(dialler.getInputStream());
        OutputStream out = greeter.getOutputStream();
        out.write(read(in, Handshake.HELLO_BYTES));
        out.write(read(in, Handshake.PROOF_BYTES));
        for (int number = 0; ; number++) {
            byte[] header = read(in, Frame.BYTES);
            byte[] rest = read(in, ByteBuffer.wrap(header).getInt(LENGTH_AT) + tag);
            byte[] frame = ByteBuffer.allocate(header.length + rest.length)
                    .put(header)
                    .put(rest)
                    .array();
            for (byte[] instead : attack.on(number, frame)) {
                out.write(instead);
            }
        }
    }

    private byte[] read(InputStream in, int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        synchronized (this) {
            recorded.writeBytes(bytes);
        }
        if (bytes.length < count) {
            throw new IOException("the dialler has left");
        }
        return bytes;
    }

    private interface Part {
        void run() throws IOException;
    }

    private void start(Part part) {
        Thread thread = new Thread(() -> {
            try {
                part.run();
            } catch (IOException e) {
                closeSockets();
            }
        });
        threads.add(thread);
        thread.start();
    }

    private void closeSockets() {
        for (Closeable each : opened) {
            try {
                each.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public void close() {
        closeSockets();
        for (Thread thread : threads) {
            try {
                thread.join(10_000);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted while an eavesdropper's thread was ending", e);
            }
            if (thread.isAlive()) {
                throw new AssertionError("an eavesdropper's thread has not ended");
            }
        }
    }
}
