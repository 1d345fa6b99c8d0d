package io.github.sparkfinetune.spark.prepare;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of a row's content. Not for concurrent use. */
final class ContentHash {
    private final MessageDigest digest;

    ContentHash() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** The hash of cleaned texts, of which none holds a null byte. */
    ByteBuffer of(byte[]... texts) {
        for (int i = 0; i < texts.length; i++) {
            if (i > 0) {
                // It tells ("ab", "c") from ("a", "bc").
                digest.update((byte) 0);
            }
            digest.update(texts[i]);
        }
        return ByteBuffer.wrap(digest.digest());
    }
}
