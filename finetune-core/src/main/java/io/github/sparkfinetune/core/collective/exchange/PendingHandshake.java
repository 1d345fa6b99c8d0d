package io.github.sparkfinetune.core.collective.exchange;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Connection with a pending handshake, driven by the selector. It reads no more bytes than the expected message has, so
 * that later bytes stay in the socket.
 */
abstract class PendingHandshake {
    private final SocketChannel channel;
    private final long deadline;
    private final Handshake handshake;
    private final ByteBuffer message = ByteBuffer.allocate(Handshake.HELLO_BYTES);

    PendingHandshake(SocketChannel channel, Handshake handshake, long deadline) {
        this.channel = channel;
        this.handshake = handshake;
        this.deadline = deadline;
    }

    final SocketChannel channel() {
        return channel;
    }

    /** Returns the connection after the handshake; may be called once. */
    final Connection connection() {
        return new Connection(handshake.peer(), channel, handshake.seal());
    }

    final Handshake handshake() {
        return handshake;
    }

    /** Returns the handshake's deadline, by {@link System#nanoTime()}. */
    final long deadline() {
        return deadline;
    }

    /** Sets the length of the next message. */
    final void expect(int bytes) {
        message.clear().limit(bytes);
    }

    /** Handles the available bytes; returns true once both sides have proved themselves. */
    final boolean advance() throws IOException {
        while (message.hasRemaining()) {
            int count = channel.read(message);
            if (count < 0) {
                throw new EOFException("it closed the connection");
            }
            if (count == 0) {
                return false;
            }
            if (!message.hasRemaining() && take(message.flip())) {
                return true;
            }
        }
        return false;
    }

    /** Handles a complete message, and sends or expects the next; returns true if it was the last. */
    abstract boolean take(ByteBuffer complete) throws IOException;

    final void send(ByteBuffer reply) throws IOException {
        channel.write(reply);
        if (reply.hasRemaining()) {
            // The first bytes on a socket always fit into its buffer.
            throw new IOException("it does not read");
        }
    }

    /** The side that waits for ranks above it. */
    static final class Greeter extends PendingHandshake {
        private boolean challenged;

        Greeter(SocketChannel channel, Handshake handshake, long deadline) {
            super(channel, handshake, deadline);
            expect(Handshake.HELLO_BYTES);
        }

        /** Returns whether the other side has sent a member's hello. */
        boolean challenged() {
            return challenged;
        }

        @Override
        boolean take(ByteBuffer complete) throws IOException {
            if (!challenged) {
                String wrong = handshake().takeHello(complete);
                if (wrong != null) {
                    throw new IOException(wrong);
                }
                challenged = true;
                expect(Handshake.PROOF_BYTES);
                send(handshake().challenge());
                return false;
            }
            if (!handshake().proves(complete)) {
                throw new IOException(Handshake.STRANGER);
            }
            send(handshake().welcome());
            return true;
        }
    }

    /** The side that connects to a rank below it. */
    static final class Dialler extends PendingHandshake {
        private boolean proved;

        Dialler(SocketChannel channel, Handshake handshake, long deadline) {
            super(channel, handshake, deadline);
            expect(Handshake.NONCE_BYTES);
        }

        /** Sends the hello, once the socket is connected. */
        void begin() throws IOException {
            send(handshake().hello());
        }

        @Override
        boolean take(ByteBuffer complete) throws IOException {
            if (!proved) {
                handshake().takeChallenge(complete);
                proved = true;
                expect(Handshake.PROOF_BYTES);
                send(handshake().proof());
                return false;
            }
            if (!handshake().welcomes(complete)) {
                throw new IOException(Handshake.STRANGER);
            }
            return true;
        }
    }
}
