package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.sparkfinetune.core.collective.address.Member;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Bytes of a stranger in a handshake: neither side admits a peer that does not know the secret. */
class HandshakeFuzzTest {
    private static final List<String> ADDRESSES = List.of("a:1", "b:2");

    private static Member member(int rank, String secret) {
        return new Member(rank, ADDRESSES, "test", secret.getBytes(StandardCharsets.US_ASCII), false);
    }

    static Stream<byte[]> hellos() {
        return Stream.of(
                new byte[] {0},
                hello(member(1, "a secret of the ranks")),
                hello(member(0, "a secret of the ranks")),
                hello(member(1, "another secret of ranks")));
    }

    private static byte[] hello(Member member) {
        ByteBuffer bytes = ByteBuffer.allocate(Handshake.HELLO_BYTES + Handshake.PROOF_BYTES);
        return bytes.put(Handshake.dial(member, 0, false).hello()).array();
    }

    @MethodSource("hellos")
    @FuzzTest(maxDuration = "")
    void admitsNoStranger(byte[] sent) throws IOException {
        Member zero = member(0, "a secret of the ranks");
        Member one = member(1, "a secret of the ranks");
        try (SocketChannel channel = Heard.by(sent)) {
            assertThat(admits(new PendingHandshake.Greeter(channel, Handshake.greet(zero, false), Long.MAX_VALUE)))
                    .isFalse();
        }
        try (SocketChannel channel = Heard.by(sent)) {
            assertThat(admits(new PendingHandshake.Dialler(channel, Handshake.dial(one, 0, false), Long.MAX_VALUE)))
                    .isFalse();
        }
    }

    private static boolean admits(PendingHandshake handshake) {
        try {
            return handshake.advance();
        } catch (IOException e) {
            return false;
        }
    }
}
