package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.hf.Sha256;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * First 128 bits of the SHA-256 of a row's cleaned content. Rows with equal hashes are duplicates. The hash decides the
 * shard and the place of a row, and also its split unless the row has a {@link SplitKey}. Content of several texts is
 * hashed with a null byte between them.
 *
 * @param first bits 0 to 63, big-endian
 * @param second bits 64 to 127
 */
public record ContentHash(long first, long second) implements Serializable {
    private static final int HALF = 2 * Long.BYTES;

    /**
     * Parses a hash.
     *
     * @param hex text as {@link #toHex} writes it; capitals are accepted
     * @throws IllegalArgumentException if it is not so many hexadecimal digits
     */
    public static ContentHash ofHex(String hex) {
        if (hex.length() != 2 * HALF) {
            throw new IllegalArgumentException(hex.length() + " characters");
        }
        return new ContentHash(
                HexFormat.fromHexDigitsToLong(hex, 0, HALF), HexFormat.fromHexDigitsToLong(hex, HALF, 2 * HALF));
    }

    /** Returns 32 hexadecimal digits, whose order is that of the hashes. */
    public String toHex() {
        return HexFormat.of().toHexDigits(first) + HexFormat.of().toHexDigits(second);
    }

    /** Hashes content. Not for concurrent use. */
    public static final class Digest {
        private final MessageDigest sha256 = Sha256.digest();

        /** Returns the hash of cleaned texts, none of which holds a null byte. */
        public ContentHash of(byte[]... texts) {
            for (int i = 0; i < texts.length; i++) {
                if (i > 0) {
                    // Without the null byte ("ab", "c") and ("a", "bc") would be equal.
                    sha256.update((byte) 0);
                }
                sha256.update(texts[i]);
            }
            ByteBuffer hash = ByteBuffer.wrap(sha256.digest());
            return new ContentHash(hash.getLong(), hash.getLong());
        }
    }
}
