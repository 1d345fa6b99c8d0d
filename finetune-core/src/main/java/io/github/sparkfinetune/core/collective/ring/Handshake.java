package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What two peers say to each other before they are a part of a ring: mutual challenge and response. Rank r, the
 * dialler, connects to rank r + 1 (modulo the number of ranks), the greeter. Integers are signed, of 32 bits and
 * big-endian.
 *
 * <table>
 * <caption>Messages in their order</caption>
 * <tr><th>message</th><th>from</th><th>bytes</th><th>content</th></tr>
 * <tr><td>hello</td><td>dialler</td><td>52</td><td>magic 0x53465247 ("SFRG"), version 1, from = r, to, number of ranks,
 * then 32 random bytes d</td></tr>
 * <tr><td>challenge</td><td>greeter</td><td>32</td><td>random bytes g</td></tr>
 * <tr><td>proof</td><td>dialler</td><td>32</td><td>HMAC of "dialler"</td></tr>
 * <tr><td>welcome</td><td>greeter</td><td>32</td><td>HMAC of "greeter"</td></tr>
 * </table>
 *
 * <p>An HMAC is HMAC-SHA256 under {@link RingMember#secret()} of: the role as given in ASCII, version, from, to, number
 * of ranks, the number of bytes of {@link RingMember#attempt()} in UTF-8, these bytes, d, g. The greeter proves nothing
 * to a dialler that has not proved itself; the role in each HMAC keeps one from being reflected as the other.
 *
 * <p>Whoever is sent something else closes the connection. A greeter waits for a handshake 5 seconds or a quarter of
 * {@link RingTimeouts#join()}, whichever is less, and goes on listening; a dialler that was not admitted tries again
 * after 0.1 seconds, then after twice the pause before, at most 2 seconds.
 */
final class Handshake {
    static final int NONCE_BYTES = 32;
    static final int PROOF_BYTES = 32;
    static final int HELLO_BYTES = 5 * Integer.BYTES + NONCE_BYTES;

    private static final int MAGIC = 0x53465247;
    private static final int VERSION = 1;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final RingMember member;
    private final int from;
    private final int to;
    private final byte[] diallerNonce = new byte[NONCE_BYTES];
    private final byte[] greeterNonce = new byte[NONCE_BYTES];

    private Handshake(RingMember member, int from, int to) {
        this.member = member;
        this.from = from;
        this.to = to;
    }

    /** The dialler's side, from {@code member} to the rank after it. */
    static Handshake dial(RingMember member) {
        Handshake handshake = new Handshake(member, member.rank(), member.next());
        RANDOM.nextBytes(handshake.diallerNonce);
        return handshake;
    }

    /** The greeter's side, from the rank before {@code member} to it. */
    static Handshake greet(RingMember member) {
        Handshake handshake = new Handshake(member, member.previous(), member.rank());
        RANDOM.nextBytes(handshake.greeterNonce);
        return handshake;
    }

    ByteBuffer hello() {
        return ByteBuffer.allocate(HELLO_BYTES)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putInt(from)
                .putInt(to)
                .putInt(member.size())
                .put(diallerNonce)
                .flip();
    }

    /** What is wrong with a dialler's hello, or null. */
    String takeHello(ByteBuffer hello) {
        if (hello.getInt() != MAGIC || hello.getInt() != VERSION) {
            return "it does not speak this protocol";
        }
        int claimedFrom = hello.getInt();
        int claimedTo = hello.getInt();
        int claimedSize = hello.getInt();
        hello.get(diallerNonce);
        if (claimedFrom != from || claimedTo != to || claimedSize != member.size()) {
            return "it says it is rank " + claimedFrom + " of " + claimedSize + " and looks for rank " + claimedTo;
        }
        return null;
    }

    ByteBuffer challenge() {
        return ByteBuffer.wrap(greeterNonce.clone());
    }

    void takeChallenge(ByteBuffer challenge) {
        challenge.get(greeterNonce);
    }

    ByteBuffer proof() {
        return ByteBuffer.wrap(hmac("dialler"));
    }

    boolean proves(ByteBuffer proof) {
        return equal(proof, hmac("dialler"));
    }

    ByteBuffer welcome() {
        return ByteBuffer.wrap(hmac("greeter"));
    }

    boolean welcomes(ByteBuffer welcome) {
        return equal(welcome, hmac("greeter"));
    }

    private static boolean equal(ByteBuffer given, byte[] expected) {
        byte[] bytes = new byte[given.remaining()];
        given.get(bytes);
        return MessageDigest.isEqual(bytes, expected);
    }

    private byte[] hmac(String role) {
        byte[] attempt = member.attempt().getBytes(StandardCharsets.UTF_8);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(member.secret(), "HmacSHA256"));
            mac.update(role.getBytes(StandardCharsets.US_ASCII));
            mac.update(ByteBuffer.allocate(5 * Integer.BYTES)
                    .putInt(VERSION)
                    .putInt(from)
                    .putInt(to)
                    .putInt(member.size())
                    .putInt(attempt.length)
                    .flip());
            mac.update(attempt);
            mac.update(diallerNonce);
            mac.update(greeterNonce);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }
}
