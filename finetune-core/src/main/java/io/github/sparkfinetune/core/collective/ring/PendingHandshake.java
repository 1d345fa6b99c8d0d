package io.github.sparkfinetune.core.collective.ring;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * One connection on which a handshake is under way, driven by the selector. Reads not one byte more than the message it
 * waits for, so that what follows the handshake stays in the socket.
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

    /** The connection that the handshake has made, to be asked for once. */
    final Connection connection() {
        return new Connection(handshake.peer(), channel, handshake.seal());
    }

    final Handshake handshake() {
        return handshake;
    }

    /** Until when the handshake must be done, by {@link System#nanoTime()}. */
    final long deadline() {
        return deadline;
    }

    /** Lets the next message be {@code bytes} long. */
    final void expect(int bytes) {
        message.clear().limit(bytes);
    }

    /** Handles what has come; true once both sides have proved themselves. */
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

    /** Takes a complete message, and sends or expects the next; true if it was the last. */
    abstract boolean take(ByteBuffer complete) throws IOException;

    final void send(ByteBuffer reply) throws IOException {
        channel.write(reply);
        if (reply.hasRemaining()) {
            // The first bytes on a socket always fit its buffer.
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

        /** Whether the other side has said something that only a member can have said. */
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

        /** To be called once connected. */
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
