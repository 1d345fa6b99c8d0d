package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.address.Member;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Handshake of two peers before they are part of an exchange: mutual challenge and response. The peer of the higher
 * rank, the dialler, connects to the peer of the lower rank, the greeter. Integers are signed, of 32 bits and
 * big-endian.
 *
 * <table>
 * <caption>Messages in their order</caption>
 * <tr><th>message</th><th>from</th><th>bytes</th><th>content</th></tr>
 * <tr><td>hello</td><td>dialler</td><td>88</td><td>magic 0x53465247 ("SFRG"), version 3, from, to, number of ranks,
 * protection, then 32 random bytes d, then the HMAC of "hello" with g = 0</td></tr>
 * <tr><td>challenge</td><td>greeter</td><td>32</td><td>random bytes g</td></tr>
 * <tr><td>proof</td><td>dialler</td><td>32</td><td>HMAC of "dialler"</td></tr>
 * <tr><td>welcome</td><td>greeter</td><td>32</td><td>HMAC of "greeter"</td></tr>
 * </table>
 *
 * <p>Protection is 0 for plain frames and 1 if {@link FrameCipher} seals frames: over TCP if
 * {@link Member#encrypted()}. A Unix domain socket stays within one machine and one user and is not sealed. Each side
 * knows the required protection and accepts no other.
 *
 * <p>An HMAC is HMAC-SHA256 under {@link Member#secret()} of: the quoted role in ASCII, version, from, to, number of
 * ranks, protection, the number of bytes of {@link Member#attempt()} in UTF-8, these bytes, d, g. The hello's HMAC
 * rejects strangers before they cost anything; a replayed hello leads to a new challenge. The greeter proves nothing to
 * a dialler that has not proved itself. The role in each HMAC prevents the reflection of one HMAC as the other.
 *
 * <p>The key of the dialler's, or the greeter's, frames is the first 16 bytes of HKDF-SHA256 (RFC 5869) of the secret.
 * The salt is d, g. The info is the input of an HMAC with the role "frames of the dialler", or "frames of the greeter".
 * So a key contains both peers' randomness, and no two connections share a key.
 *
 * <p>A peer that receives anything else closes the connection. A greeter waits for a handshake for 5 seconds or a
 * quarter of {@link ExchangeTimeouts#join()}, whichever is less, and continues to listen. A dialler that was not
 * admitted tries again after 0.1 seconds, then after twice the previous pause, at most 2 seconds.
 */
final class Handshake {
    static final int NONCE_BYTES = 32;
    static final int PROOF_BYTES = 32;
    static final int HELLO_BYTES = 6 * Integer.BYTES + NONCE_BYTES + PROOF_BYTES;

    private static final int MAGIC = 0x53465247;
    private static final int VERSION = 3;
    private static final int NOBODY = -1;
    private static final String DIALLER = "dialler";
    private static final String GREETER = "greeter";
    private static final String FRAMES_OF = "frames of the ";
    /** Reason for refusing a peer with a wrong proof. */
    static final String STRANGER = "it does not know the secret of this exchange";

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Member member;
    private final int to;
    private int from;
    private final boolean sealed;
    private final byte[] diallerNonce = new byte[NONCE_BYTES];
    private final byte[] greeterNonce = new byte[NONCE_BYTES];

    private Handshake(Member member, int from, int to, boolean local) {
        this.member = member;
        this.from = from;
        this.to = to;
        this.sealed = member.encrypted() && !local;
    }

    /**
     * Returns the dialler's side, from {@code member} to a rank below it.
     *
     * @param local whether the connection is a Unix domain socket
     */
    static Handshake dial(Member member, int to, boolean local) {
        Handshake handshake = new Handshake(member, member.rank(), to, local);
        RANDOM.nextBytes(handshake.diallerNonce);
        return handshake;
    }

    /**
     * Returns the greeter's side, from a peer above {@code member}, whose rank its hello states, to {@code member}.
     *
     * @param local whether the connection is a Unix domain socket
     */
    static Handshake greet(Member member, boolean local) {
        Handshake handshake = new Handshake(member, NOBODY, member.rank(), local);
        RANDOM.nextBytes(handshake.greeterNonce);
        return handshake;
    }

    /** Returns the other side's rank, once its hello was read. */
    int peer() {
        return from == member.rank() ? to : from;
    }

    ByteBuffer hello() {
        return ByteBuffer.allocate(HELLO_BYTES)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putInt(from)
                .putInt(to)
                .putInt(member.size())
                .putInt(protection())
                .put(diallerNonce)
                .put(hmac(member.secret(), message("hello", new byte[NONCE_BYTES])))
                .flip();
    }

    /** Reads a dialler's hello; returns what is wrong with it, or null. */
    String takeHello(ByteBuffer hello) {
        if (hello.getInt() != MAGIC || hello.getInt() != VERSION) {
            return "it does not speak this protocol";
        }
        int claimedFrom = hello.getInt();
        int claimedTo = hello.getInt();
        int claimedSize = hello.getInt();
        int claimedProtection = hello.getInt();
        hello.get(diallerNonce);
        if (!member.isDialledBy(claimedFrom) || claimedTo != to || claimedSize != member.size()) {
            return "it says it is rank " + claimedFrom + " of " + claimedSize + " and looks for rank " + claimedTo;
        }
        from = claimedFrom;
        if (claimedProtection != protection()) {
            return claimedProtection == 0 ? "its frames are not encrypted" : "its frames are encrypted";
        }
        return equal(hello, hmac(member.secret(), message("hello", new byte[NONCE_BYTES]))) ? null : STRANGER;
    }

    ByteBuffer challenge() {
        return ByteBuffer.wrap(greeterNonce.clone());
    }

    void takeChallenge(ByteBuffer challenge) {
        challenge.get(greeterNonce);
    }

    ByteBuffer proof() {
        return ByteBuffer.wrap(proofOf(DIALLER));
    }

    boolean proves(ByteBuffer proof) {
        return equal(proof, proofOf(DIALLER));
    }

    ByteBuffer welcome() {
        return ByteBuffer.wrap(proofOf(GREETER));
    }

    boolean welcomes(ByteBuffer welcome) {
        return equal(welcome, proofOf(GREETER));
    }

    private static boolean equal(ByteBuffer received, byte[] expected) {
        byte[] bytes = new byte[received.remaining()];
        received.get(bytes);
        return MessageDigest.isEqual(bytes, expected);
    }

    /** Returns the ciphers of the frames, once both nonces are known; null for plain frames. */
    FrameSeal seal() {
        if (!sealed) {
            return null;
        }
        boolean dialled = from == member.rank();
        return new FrameSeal(
                FrameCipher.sealing(key(dialled ? DIALLER : GREETER)),
                FrameCipher.opening(key(dialled ? GREETER : DIALLER)));
    }

    private byte[] key(String sender) {
        byte[] salt = Arrays.copyOf(diallerNonce, 2 * NONCE_BYTES);
        System.arraycopy(greeterNonce, 0, salt, NONCE_BYTES, NONCE_BYTES);
        return Arrays.copyOf(
                hkdf(member.secret(), salt, message(FRAMES_OF + sender, greeterNonce)), FrameCipher.KEY_BYTES);
    }

    private int protection() {
        return sealed ? 1 : 0;
    }

    private byte[] proofOf(String role) {
        return hmac(member.secret(), message(role, greeterNonce));
    }

    private byte[] message(String role, byte[] greeterNonce) {
        byte[] ascii = role.getBytes(StandardCharsets.US_ASCII);
        byte[] attempt = member.attempt().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(ascii.length + 6 * Integer.BYTES + attempt.length + 2 * NONCE_BYTES)
                .put(ascii)
                .putInt(VERSION)
                .putInt(from)
                .putInt(to)
                .putInt(member.size())
                .putInt(protection())
                .putInt(attempt.length)
                .put(attempt)
                .put(diallerNonce)
                .put(greeterNonce)
                .array();
    }

    /** Returns the first 32 bytes of HKDF-SHA256. */
    static byte[] hkdf(byte[] secret, byte[] salt, byte[] info) {
        byte[] first = Arrays.copyOf(info, info.length + 1);
        first[info.length] = 1;
        return hmac(hmac(salt, secret), first);
    }

    private static byte[] hmac(byte[] key, byte[] message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(message);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }
}
