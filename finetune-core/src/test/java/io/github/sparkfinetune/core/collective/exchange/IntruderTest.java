package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankAddress;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Strangers that connect to an exchange of two ranks before rank 1 joins. */
@Timeout(600)
class IntruderTest {
    private static final ExchangeTimeouts TIMEOUTS =
            new ExchangeTimeouts(Duration.ofSeconds(6), Duration.ofSeconds(3), Duration.ofSeconds(10));

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final RankEndpoint first = RankEndpoint.bind("127.0.0.1", 0);
    private final RankEndpoint second = RankEndpoint.bind("127.0.0.1", 0);
    private final List<String> addresses = List.of(first.address(), second.address());

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        first.close();
        second.close();
    }

    @Test
    void keepsStrangersFromJoiningOrDelaying() throws Exception {
        CompletableFuture<Collective> zero = join(first, member(0, Ranks.SECRET));
        byte[] noise = new byte[5000];
        new Random(1).nextBytes(noise);
        Socket silent = stranger();
        List<Socket> dropped = new ArrayList<>();
        dropped.add(stranger(noise));
        dropped.add(
                stranger("GET / HTTP/1.1\r\nHost: x\r\n\r\n--------------------".getBytes(StandardCharsets.US_ASCII)));
        dropped.add(stranger(hello(new Member(0, addresses, "test", Ranks.SECRET, false))));
        // A port scan, and connections that stay open.
        for (int i = 0; i < 500; i++) {
            Socket socket = stranger();
            if (i % 2 == 0) {
                socket.close();
            }
        }
        Socket half = stranger(new byte[3]);
        Socket unproved = stranger(hello(member(1, Ranks.SECRET)));
        readFully(unproved, Handshake.NONCE_BYTES);
        unproved.getOutputStream().write(new byte[Handshake.PROOF_BYTES]);
        dropped.add(unproved);
        for (Socket socket : dropped) {
            assertThatEnds(socket);
        }
        // A silent stranger is dropped while the exchange still waits for rank 1.
        assertThatEnds(silent);
        assertThat(zero).isNotDone();

        long start = System.nanoTime();
        CompletableFuture<Collective> one = join(second, member(1, Ranks.SECRET));
        Collective exchange = zero.get(5, TimeUnit.SECONDS);
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(2));
        assertWorks(exchange, one.get(5, TimeUnit.SECONDS));
        assertThatEnds(half);
        assertThatThrownBy(this::stranger).isInstanceOf(ConnectException.class);
        assertWorks(exchange, one.get());
    }

    @Test
    void keepsAMemberInItsHandshakeDespiteStrangers() throws Exception {
        // A handshake may take a quarter of the first timeout, which is longer than the strangers take.
        ExchangeTimeouts patient =
                new ExchangeTimeouts(Duration.ofSeconds(20), Duration.ofSeconds(3), Duration.ofSeconds(10));
        CompletableFuture<Collective> zero = join(first, member(0, Ranks.SECRET), patient);
        Handshake slow = Handshake.dial(member(1, Ranks.SECRET), 0, false);
        Socket dialler = stranger(slow.hello().array());
        slow.takeChallenge(ByteBuffer.wrap(readFully(dialler, Handshake.NONCE_BYTES)));
        for (int i = 0; i < 200; i++) {
            stranger(new byte[i % 50]);
        }
        dialler.getOutputStream().write(slow.proof().array());
        assertThat(slow.welcomes(ByteBuffer.wrap(readFully(dialler, Handshake.PROOF_BYTES))))
                .isTrue();
        assertThat(zero.get(5, TimeUnit.SECONDS)).isNotNull();
    }

    @Test
    void reportsAnInvalidFrameToItsSender() throws Exception {
        CompletableFuture<Collective> zero = join(first, member(0, Ranks.SECRET));
        Handshake handshake = Handshake.dial(member(1, Ranks.SECRET), 0, false);
        Socket dialler = stranger(handshake.hello().array());
        handshake.takeChallenge(ByteBuffer.wrap(readFully(dialler, Handshake.NONCE_BYTES)));
        dialler.getOutputStream().write(handshake.proof().array());
        assertThat(handshake.welcomes(ByteBuffer.wrap(readFully(dialler, Handshake.PROOF_BYTES))))
                .isTrue();
        Collective exchange = zero.get(5, TimeUnit.SECONDS);
        // More bytes than the exchange reads before it ends: a socket closed with unread bytes loses what it has sent.
        dialler.getOutputStream().write(new byte[4_000_000]);
        Frame.Kind kind;
        do {
            Frame frame = Frame.read(ByteBuffer.allocate(Frame.BYTES).put(readFully(dialler, Frame.BYTES)));
            kind = frame.kind();
            readFully(dialler, frame.length());
        } while (kind == Frame.Kind.HEARTBEAT);
        assertThat(kind).isEqualTo(Frame.Kind.ABORT);
        assertThatThrownBy(exchange::barrier).hasMessageContaining("rank 1").hasMessageContaining("no frame");
    }

    @Test
    void doesNotAnswerAHelloWithoutTheSecret() throws Exception {
        CompletableFuture<Collective> zero = join(first, member(0, Ranks.SECRET));
        byte[] another = "another secret of ranks".getBytes(StandardCharsets.US_ASCII);
        assertThatEnds(stranger(hello(member(1, another))));
        assertThat(zero).isNotDone();
    }

    @Test
    void refusesAReplayedHandshake() throws Exception {
        // The dialler connects to the recorder instead of rank 0; the recorder forwards and keeps all bytes.
        try (ServerSocket recorder = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> seenByOne = List.of("127.0.0.1:" + recorder.getLocalPort(), second.address());
            CompletableFuture<Collective> zero = join(first, member(0, Ranks.SECRET));
            CompletableFuture<Collective> one = join(second, new Member(1, seenByOne, "test", Ranks.SECRET, false));
            byte[] hello;
            byte[] proof;
            try (Socket dialler = recorder.accept();
                    Socket greeter = stranger()) {
                hello = readFully(dialler, Handshake.HELLO_BYTES);
                greeter.getOutputStream().write(hello);
                dialler.getOutputStream().write(readFully(greeter, Handshake.NONCE_BYTES));
                proof = readFully(dialler, Handshake.PROOF_BYTES);
            }
            Socket replay = stranger(hello);
            readFully(replay, Handshake.NONCE_BYTES);
            replay.getOutputStream().write(proof);
            assertThatEnds(replay);
            assertThat(zero).isNotDone();
            assertThat(one).isNotDone();
        }
    }

    @ParameterizedTest
    @CsvSource({"an earlier attempt, a secret of the ranks", "test, another secret of ranks"})
    void refusesARankWithAnotherSecretOrAttempt(String attempt, String secret) {
        ExchangeTimeouts brief =
                new ExchangeTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofSeconds(1));
        byte[] known = secret.getBytes(StandardCharsets.US_ASCII);
        CompletableFuture<Collective> one = join(second, new Member(1, addresses, attempt, known, false), brief);
        CompletableFuture<Collective> zero = join(first, member(0, Ranks.SECRET), brief);
        assertThatThrownBy(() -> one.get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(LostRankException.class)
                .hasMessageContaining("rank 0");
        assertThatThrownBy(() -> zero.get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(LostRankException.class)
                .hasMessageContaining("rank 1")
                .hasMessageNotContaining(new String(Ranks.SECRET, StandardCharsets.US_ASCII));
    }

    @Test
    void refusesAGreeterWithoutTheSecret() throws Exception {
        try (ServerSocket impostor = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> misled = List.of("127.0.0.1:" + impostor.getLocalPort(), second.address());
            CompletableFuture<Collective> one = join(second, new Member(1, misled, "test", Ranks.SECRET, false));
            try (Socket dialler = impostor.accept()) {
                readFully(dialler, Handshake.HELLO_BYTES);
                dialler.getOutputStream().write(new byte[Handshake.NONCE_BYTES]);
                byte[] proof = readFully(dialler, Handshake.PROOF_BYTES);
                // The impostor returns the proof; the role inside the proof keeps it from passing as a welcome.
                dialler.getOutputStream().write(proof);
                assertThatEnds(dialler);
            }
            assertThat(one).isNotDone();
        }
    }

    @Test
    void namesARankThatNeverJoins() {
        ExchangeTimeouts brief =
                new ExchangeTimeouts(Duration.ofMillis(300), Duration.ofSeconds(1), Duration.ofSeconds(1));
        assertThatThrownBy(() -> TcpExchange.join(first, member(0, Ranks.SECRET), brief, () -> false))
                .isInstanceOf(LostRankException.class)
                .hasMessageContaining(
                        "rank 1 (" + RankAddress.parse(second.address()).tcp() + ") did not join in time");
        assertThatThrownBy(this::stranger).isInstanceOf(ConnectException.class);
    }

    @Test
    void namesAnUnreachableRankAtOnce() {
        first.close();
        assertThatThrownBy(() -> TcpExchange.join(second, member(1, Ranks.SECRET), TIMEOUTS, () -> false))
                .isInstanceOf(LostRankException.class)
                .hasMessageContaining(
                        "rank 0 (" + RankAddress.parse(first.address()).tcp() + ") cannot be reached");
    }

    private Member member(int rank, byte[] secret) {
        return new Member(rank, addresses, "test", secret, false);
    }

    private CompletableFuture<Collective> join(RankEndpoint endpoint, Member member) {
        return join(endpoint, member, TIMEOUTS);
    }

    private CompletableFuture<Collective> join(RankEndpoint endpoint, Member member, ExchangeTimeouts timeouts) {
        CompletableFuture<Collective> exchange = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                exchange.complete(TcpExchange.join(endpoint, member, timeouts, exchange::isCancelled));
            } catch (RuntimeException e) {
                exchange.completeExceptionally(e);
            }
        });
        thread.start();
        opened.add(() -> {
            exchange.cancel(false);
            if (!exchange.isCompletedExceptionally()) {
                exchange.get().close();
            }
            thread.join(10_000);
            assertThat(thread.isAlive()).isFalse();
        });
        return exchange;
    }

    private static void assertWorks(Collective zero, Collective one) throws Exception {
        ByteBuffer a = Ranks.floats(new float[100_000]);
        ByteBuffer b = Ranks.floats(1, 2);
        var half = zero.allReduceAsync(a);
        one.allReduceAsync(Ranks.floats(new float[100_000])).get(5, TimeUnit.SECONDS);
        half.get(5, TimeUnit.SECONDS);
        var other = zero.allReduceAsync(b);
        one.allReduceAsync(Ranks.floats(3, 4)).get(5, TimeUnit.SECONDS);
        other.get(5, TimeUnit.SECONDS);
        assertThat(Ranks.values(b)).containsExactly(4, 6);
    }

    private Socket stranger(byte[] sent) throws IOException {
        Socket socket = stranger();
        socket.getOutputStream().write(sent);
        return socket;
    }

    private Socket stranger() throws IOException {
        Socket socket = new Socket();
        opened.add(socket);
        InetSocketAddress address = RankAddress.parse(first.address()).socket();
        socket.connect(address, 5000);
        socket.setSoTimeout(8000);
        return socket;
    }

    private static byte[] hello(Member member) {
        return Handshake.dial(member, 0, false).hello().array();
    }

    private static byte[] readFully(Socket socket, int bytes) throws IOException {
        byte[] read = socket.getInputStream().readNBytes(bytes);
        assertThat(read).hasSize(bytes);
        return read;
    }

    private static void assertThatEnds(Socket socket) {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }
}
