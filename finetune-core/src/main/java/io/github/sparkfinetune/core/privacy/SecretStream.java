package io.github.sparkfinetune.core.privacy;

import io.github.sparkfinetune.data.hf.Sha256;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.random.RandomGenerator;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Random values that only the holder of a secret can compute: the key stream of AES-256 in counter mode. They are a
 * function of (secret, purpose, step, part), so a step that is repeated after an interruption has the same values, and
 * no second set of noise is drawn for it. Not for concurrent use.
 */
public final class SecretStream implements RandomGenerator {
    /** Use of the values; the code is part of the stream's key. */
    public enum Purpose {
        /** Samples of a step. */
        SAMPLING(1),
        /** Noise on the sum of a step. */
        NOISE(2);

        private final int code;

        Purpose(int code) {
            this.code = code;
        }
    }

    private static final int BUFFER = 1 << 13;
    private static final byte[] ZEROS = new byte[BUFFER];
    private static final double TO_UNIT = 0x1.0p-53;

    private final Cipher cipher;
    private final byte[] bytes = new byte[BUFFER];
    private final ByteBuffer values = ByteBuffer.wrap(bytes).limit(0);

    /**
     * @param step number of completed steps
     * @param part index of the stream among those of a step
     */
    public SecretStream(byte[] secret, Purpose purpose, long step, int part) {
        byte[] key = Sha256.digest()
                .digest(ByteBuffer.allocate(secret.length + 1)
                        .put(secret)
                        .put((byte) purpose.code)
                        .array());
        // The low 32 bits count blocks.
        byte[] start = ByteBuffer.allocate(16).putLong(step).putInt(part).array();
        try {
            cipher = Cipher.getInstance("AES/CTR/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(start));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES in counter mode", e);
        }
    }

    @Override
    public long nextLong() {
        if (!values.hasRemaining()) {
            try {
                cipher.update(ZEROS, 0, BUFFER, bytes);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("the buffer has the size of the input", e);
            }
            values.clear();
        }
        return values.getLong();
    }

    /** Returns a value in (0, 1], a multiple of 2^-53. */
    public double uniform() {
        return ((nextLong() >>> 11) + 1) * TO_UNIT;
    }
}
