package io.github.sparkfinetune.core.collective.exchange;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Cipher that seals or opens the frames of one direction of one connection with AES-128-GCM. A sealed frame is its
 * header in clear, the body's ciphertext, which is as long as the body, and a tag of 16 bytes; {@link Frame#length}
 * counts neither header nor tag. The header is the additional authenticated data. The nonce, 96 bits, is the big-endian
 * index of the frame in this direction and is not sent. So a frame that is repeated, left out, moved or altered does
 * not open. A truncated connection is detected because the last frame must be a goodbye or an abort.
 *
 * <p>A key serves one direction of one connection ({@link Handshake#seal}), so no nonce is used twice. The advantage of
 * an attacker who sees 1 PB under one key is below 2^-36 (the birthday bound of 2^46 blocks).
 *
 * <p>Source: NIST SP 800-38D.
 */
final class FrameCipher {
    static final int KEY_BYTES = 16;
    static final int TAG_BYTES = 16;

    private static final int NONCE_BYTES = 12;

    private static final AtomicBoolean WARM = new AtomicBoolean();
    private static final int WARM_UP_FRAMES = 12_000;
    private static final int WARM_UP_BYTES = 2048;
    /** Every so many frames, one has full size. */
    private static final int WARM_UP_WHOLE = 64;

    private static final int WARM_UP_SECONDS = 5;

    private final Cipher cipher;
    private final int mode;
    private final SecretKeySpec key;
    private final ByteBuffer nonce = ByteBuffer.allocate(NONCE_BYTES);
    // The JDK's cipher is faster on the heap, and copies direct buffers itself.
    private final byte[] text = new byte[ExchangeOperation.CHUNK + TAG_BYTES];
    // A separate array, because deciphering in place allocates and copies another array.
    private final byte[] plain;
    private long frames;
    private int length;

    private FrameCipher(int mode, byte[] key) {
        this.mode = mode;
        this.key = new SecretKeySpec(key, "AES");
        this.plain = mode == Cipher.DECRYPT_MODE ? new byte[text.length] : text;
        try {
            this.cipher = Cipher.getInstance("AES/GCM/NoPadding");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has AES/GCM/NoPadding", e);
        }
    }

    static FrameCipher sealing(byte[] key) {
        return new FrameCipher(Cipher.ENCRYPT_MODE, key);
    }

    static FrameCipher opening(byte[] key) {
        return new FrameCipher(Cipher.DECRYPT_MODE, key);
    }

    /**
     * Makes the JVM compile the cipher, once and in the background. Only compiled code uses the processor's AES
     * instructions, and the JVM counts calls, not bytes: with frames of 256 KiB only, the first GB would pass at 40
     * MB/s. A few full-size frames prevent a deoptimization when full-size frames arrive.
     */
    static void warmUp() {
        if (WARM.compareAndSet(false, true)) {
            Thread thread = new Thread(FrameCipher::sealAndOpen, "exchange-cipher-warm-up");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static void sealAndOpen() {
        FrameCipher sealing = sealing(new byte[KEY_BYTES]);
        FrameCipher opening = opening(new byte[KEY_BYTES]);
        ByteBuffer header = ByteBuffer.allocate(Frame.BYTES);
        ByteBuffer body = ByteBuffer.allocate(ExchangeOperation.CHUNK);
        ByteBuffer sealed = buffer();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS);
        for (int i = 1; i <= WARM_UP_FRAMES && System.nanoTime() < end; i++) {
            body.clear().limit(i % WARM_UP_WHOLE == 0 ? body.capacity() : WARM_UP_BYTES);
            sealing.seal(header, body, sealed);
            if (!opening.open(header, sealed)) {
                throw new IllegalStateException("a frame does not open with the key that sealed it");
            }
        }
    }

    /** Allocates a buffer for the bytes after a sealed frame's header. */
    static ByteBuffer buffer() {
        return ByteBuffer.allocateDirect(ExchangeOperation.CHUNK + TAG_BYTES);
    }

    /** Writes the ciphertext of {@code body}, which is consumed, and the tag into {@code sealed}, and flips it. */
    void seal(ByteBuffer header, ByteBuffer body, ByteBuffer sealed) {
        int count = body.remaining();
        body.get(text, 0, count);
        try {
            run(header, count);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a frame cannot be sealed", e);
        }
        sealed.clear().put(text, 0, length).flip();
    }

    /** Opens the next frame of the peer; returns whether {@code sealed} belongs to {@code header}. */
    boolean open(ByteBuffer header, ByteBuffer sealed) {
        int count = sealed.remaining();
        sealed.get(text, 0, count);
        try {
            run(header, count);
            return true;
        } catch (AEADBadTagException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a frame cannot be opened", e);
        }
    }

    /** Returns the body that was opened last. */
    ByteBuffer opened() {
        return ByteBuffer.wrap(plain, 0, length);
    }

    private void run(ByteBuffer header, int count) throws GeneralSecurityException {
        nonce.putLong(NONCE_BYTES - Long.BYTES, frames++);
        try {
            cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce.array()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM takes a key of 128 bits and a nonce of 96", e);
        }
        cipher.updateAAD(header.duplicate());
        length = cipher.doFinal(text, 0, count, plain, 0);
    }
}
