package io.github.sparkfinetune.data.redact;

import io.github.sparkfinetune.conf.DataConfig;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.crypto.Mac;

/**
 * Key of the hashes of {@code data.subject}. A subject is hashed as text without white space around it, so the number
 * 4711 and the text {@code "4711 "} are one subject.
 */
public final class SubjectKey implements Serializable {
    private static final long serialVersionUID = 1;
    private static final String KEY_FILE = "data.subject_key_file";
    /** Before the value, so that the hashes are no values of another use of the key. */
    private static final String PURPOSE = "data.subject ";

    private final RedactionKey key;

    private SubjectKey(RedactionKey key) {
        this.key = key;
    }

    /**
     * Reads the key of a run; empty without {@code data.subject}.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if the file cannot be read, or is too short or too long
     *     for a key
     */
    public static Optional<SubjectKey> of(DataConfig data) {
        return data.subject() == null
                ? Optional.empty()
                : Optional.of(new SubjectKey(RedactionKey.read(KEY_FILE, data.subjectKeyFile())));
    }

    /** Returns 16 hexadecimal digits by which equal keys are recognised, and from which the key cannot be computed. */
    public String fingerprint() {
        return key.fingerprint(KEY_FILE);
    }

    /** Opens a hasher for one thread. */
    public Hasher open() {
        return new Hasher(key.mac());
    }

    /** Hashes subjects. Not for concurrent use. */
    public static final class Hasher {
        private final Mac mac;

        private Hasher(Mac mac) {
            this.mac = mac;
        }

        /**
         * Returns the hash of a subject: the first 16 bytes of HMAC-SHA256.
         *
         * @param value value of the column as text; null if the row has none
         * @return the hash; empty if the value is null or blank
         */
        public Optional<SubjectHash> of(String value) {
            if (value == null || value.isBlank()) {
                return Optional.empty();
            }
            ByteBuffer hash = ByteBuffer.wrap(mac.doFinal((PURPOSE + value.strip()).getBytes(StandardCharsets.UTF_8)));
            return Optional.of(new SubjectHash(hash.getLong(), hash.getLong()));
        }
    }
}
