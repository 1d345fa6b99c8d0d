package io.github.sparkfinetune.data.redact;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import javax.crypto.Mac;

/**
 * Values derived from a key and a value by HMAC-SHA256, so that equal values have equal results, and nobody without the
 * key can test a guess. Case and what is between letters and digits do not count: {@code 650-253-0000} and {@code (650)
 * 253 0000} are one value. Not for concurrent use.
 */
final class Surrogates {
    private static final int HASH_BYTES = 16;

    private final Mac mac;

    Surrogates(RedactionKey key) {
        this.mac = key.mac();
    }

    /** Returns 32 hexadecimal digits. */
    String hash(String value) {
        return HexFormat.of().formatHex(hmac("hash", normal(value), 0), 0, HASH_BYTES);
    }

    /**
     * Returns a text of the same form: a digit for each digit, a letter of a to z for each letter in its case, and all
     * else as it is.
     *
     * @param scope equal values have equal pseudonyms in one scope; empty for the scope of all
     */
    String pseudonym(String value, String scope) {
        // A normal value has no null character, so the scope ends at the last one.
        String normal = scope.isEmpty() ? normal(value) : scope + '\0' + normal(value);
        StringBuilder text = new StringBuilder(value.length());
        byte[] hash = {};
        int used = 0;
        int block = 0;
        for (int at = 0; at < value.length(); ) {
            int point = value.codePointAt(at);
            at += Character.charCount(point);
            if (!Character.isLetterOrDigit(point)) {
                text.appendCodePoint(point);
                continue;
            }
            // Two bytes a character: the letters of a to z are nearly equally frequent.
            if (used + Short.BYTES > hash.length) {
                hash = hmac("pseudonym", normal, block++);
                used = 0;
            }
            int random = ((hash[used] & 0xFF) << 8) | (hash[used + 1] & 0xFF);
            used += Short.BYTES;
            text.append(
                    Character.isDigit(point)
                            ? (char) ('0' + random % 10)
                            : (char) ((Character.isUpperCase(point) ? 'A' : 'a') + random % 26));
        }
        return text.toString();
    }

    /**
     * Returns a number from 1 to a limit.
     *
     * @param value anything that has the number
     */
    int number(String value, int most) {
        return 1
                + (int) Long.remainderUnsigned(
                        ByteBuffer.wrap(hmac("number", value, 0)).getLong(), most);
    }

    private byte[] hmac(String use, String value, int block) {
        return mac.doFinal((use + '\0' + block + '\0' + value).getBytes(StandardCharsets.UTF_8));
    }

    private static String normal(String value) {
        StringBuilder normal = new StringBuilder(value.length());
        value.toLowerCase(Locale.ROOT)
                .codePoints()
                .filter(Character::isLetterOrDigit)
                .forEach(normal::appendCodePoint);
        return normal.toString();
    }
}
