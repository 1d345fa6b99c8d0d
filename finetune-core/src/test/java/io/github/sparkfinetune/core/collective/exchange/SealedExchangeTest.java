package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An attacker on the network between two ranks. */
@Timeout(600)
class SealedExchangeTest {
    private static final float SEEN = 1.2345678f;
    private static final Eavesdropper.Attack NONE = (number, frame) -> List.of(frame);

    private final List<Eavesdropper> between = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (Eavesdropper each : between) {
            each.close();
        }
    }

    @Test
    void showsGradientsOnTheWireOnlyWithoutEncryption() throws Exception {
        byte[] value = ByteBuffer.allocate(Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .putFloat(SEEN)
                .array();
        try (Ranks ranks = Ranks.join(2, plainly(NONE))) {
            assertSums(ranks);
        }
        try (Ranks ranks = Ranks.joinEncrypted(2, through(true, NONE))) {
            assertSums(ranks);
        }
        String needle = new String(value, StandardCharsets.ISO_8859_1).repeat(3);
        assertThat(text(between.get(0))).contains(needle);
        assertThat(text(between.get(1))).doesNotContain(needle.substring(0, 4)).hasSizeGreaterThan(400_000);
    }

    /** Returns attacks on a frame of a sum; frame 2 is a full chunk, after other frames. */
    static Stream<Eavesdropper.Attack> attacks() {
        byte[][] held = new byte[1][];
        return Stream.of(
                flip(Frame.BYTES),
                flip(Frame.BYTES + ExchangeOperation.CHUNK),
                flip(3),
                flip(7),
                flip(19),
                flip(27),
                (number, frame) -> number == 2 ? List.of(frame, frame) : List.of(frame),
                (number, frame) -> number == 2 ? List.of() : List.of(frame),
                (number, frame) -> {
                    if (number == 2) {
                        held[0] = frame;
                        return List.of();
                    }
                    return number == 3 ? List.of(frame, held[0]) : List.of(frame);
                });
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void endsTheExchangeIfAFrameWasChanged(Eavesdropper.Attack attack) throws Exception {
        try (Ranks ranks = Ranks.joinEncrypted(2, through(true, attack))) {
            List<Throwable> failures = ranks.failures(exchange -> {
                for (int i = 0; i < 20; i++) {
                    assertSum(sum(exchange));
                }
                return null;
            });
            assertThat(failures)
                    .allSatisfy(failure -> assertThat(failure)
                            .isInstanceOf(LostRankException.class)
                            .hasMessageContaining("the bytes on its connection are not the frame that it sent"));
        }
    }

    @Test
    void refusesAPlainPeerOnAnEncryptedRank() {
        // An attacker answers that both sides should talk in clear.
        Member sealed = new Member(0, List.of("a:1", "b:2"), "test", Ranks.SECRET, true);
        Member plain = new Member(1, List.of("a:1", "b:2"), "test", Ranks.SECRET, false);
        ByteBuffer hello = Handshake.dial(plain, 0, false).hello();
        assertThat(Handshake.greet(sealed, false).takeHello(hello.duplicate())).contains("not encrypted");
        int protection = 5 * Integer.BYTES;
        assertThat(Handshake.greet(sealed, false).takeHello(hello.putInt(protection, 1)))
                .contains("does not know the secret");
        assertThat(Handshake.greet(sealed, true)
                        .takeHello(hello.putInt(protection, 0).rewind()))
                .isNull();
    }

    @Test
    void usesADifferentKeyForEachConnectionAndDirection() throws Exception {
        List<String> addresses = List.of("a:1", "b:2");
        Member zero = new Member(0, addresses, "test", Ranks.SECRET, true);
        Member one = new Member(1, addresses, "test", Ranks.SECRET, true);
        List<String> sealed = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Handshake dialler = Handshake.dial(one, 0, false);
            Handshake greeter = Handshake.greet(zero, false);
            assertThat(greeter.takeHello(dialler.hello())).isNull();
            dialler.takeChallenge(greeter.challenge());
            FrameSeal dialled = dialler.seal();
            FrameSeal greeted = greeter.seal();
            for (FrameCipher[] way : List.of(
                    new FrameCipher[] {dialled.outgoing(), greeted.incoming()},
                    new FrameCipher[] {greeted.outgoing(), dialled.incoming()})) {
                ByteBuffer header = ByteBuffer.allocate(Frame.BYTES);
                ByteBuffer room = FrameCipher.buffer();
                way[0].seal(header, ByteBuffer.allocate(100), room);
                byte[] bytes = new byte[room.remaining()];
                room.duplicate().get(bytes);
                sealed.add(new String(bytes, StandardCharsets.ISO_8859_1));
                assertThat(way[1].open(header, room)).isTrue();
                assertThat(way[1].opened()).isEqualTo(ByteBuffer.allocate(100));
            }
        }
        assertThat(sealed).doesNotHaveDuplicates();
    }

    @Test
    void derivesKeysByRfc5869() {
        // RFC 5869, appendix A.1.
        byte[] salt = new byte[13];
        byte[] info = new byte[10];
        for (int i = 0; i < salt.length; i++) {
            salt[i] = (byte) i;
        }
        for (int i = 0; i < info.length; i++) {
            info[i] = (byte) (0xf0 + i);
        }
        byte[] secret = new byte[22];
        Arrays.fill(secret, (byte) 0x0b);
        assertThat(HexFormat.of().formatHex(Handshake.hkdf(secret, salt, info)))
                .isEqualTo("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }

    @Test
    void printsARankWithoutItsSecret() {
        Member member = new Member(0, List.of("a:1"), "test", Ranks.SECRET, true);
        assertThat(member.toString()).contains("a:1").doesNotContain("[B@");
    }

    @Test
    void refusesFramesLongerThanAChunk() {
        ByteBuffer header = ByteBuffer.allocate(Frame.BYTES);
        new Frame(Frame.Kind.CHUNK, 1, 0, ExchangeOperation.CHUNK + 4, 1, new Frame.Part(Integer.MAX_VALUE, 0, 0, 0))
                .write(header);
        assertThat(Frame.read(header.position(header.limit()))).isNull();
        new Frame(Frame.Kind.CHUNK, 1, 0, ExchangeOperation.CHUNK, 1, new Frame.Part(Integer.MAX_VALUE, 0, 0, 0))
                .write(header);
        assertThat(Frame.read(header.position(header.limit()))).isNotNull();
    }

    private static Eavesdropper.Attack flip(int at) {
        return (number, frame) -> {
            if (number == 2) {
                frame[at] ^= 4;
            }
            return List.of(frame);
        };
    }

    private UnaryOperator<String> plainly(Eavesdropper.Attack attack) {
        UnaryOperator<String> through = through(false, attack);
        return address -> through.apply(RankAddress.parse(address).tcp());
    }

    /** Puts an eavesdropper in front of rank 0, whose peer is rank 1. */
    private UnaryOperator<String> through(boolean sealed, Eavesdropper.Attack attack) {
        boolean[] first = {true};
        return address -> {
            if (!first[0]) {
                return address;
            }
            first[0] = false;
            try {
                between.add(new Eavesdropper(address, sealed, attack));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return between.get(between.size() - 1).address();
        };
    }

    private static void assertSums(Ranks ranks) throws Exception {
        assertThat(ranks.play(SealedExchangeTest::sum)).allSatisfy(SealedExchangeTest::assertSum);
    }

    private static float[] sum(Collective exchange) throws Exception {
        float[] values = new float[200_000];
        Arrays.fill(values, SEEN);
        ByteBuffer floats = Ranks.floats(values);
        exchange.allReduceAsync(floats).get(20, TimeUnit.SECONDS);
        return Ranks.values(floats);
    }

    private static void assertSum(float[] sum) {
        assertThat(sum).containsOnly(2 * SEEN);
    }

    private static String text(Eavesdropper eavesdropper) {
        return new String(eavesdropper.recorded(), StandardCharsets.ISO_8859_1);
    }
}
