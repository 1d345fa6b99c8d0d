package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.redact.Redacted;
import io.github.sparkfinetune.data.redact.Redactor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Makes a text from the bytes of a source. It removes control bytes except tab and line ends, byte sequences that are
 * not UTF-8, and U+FFFD, which another reader may have put in their place. Then it replaces personal data, and cuts the
 * rest at a limit. Not for concurrent use.
 */
public final class TextCleaner {
    /**
     * Share of removed bytes above which a text is binary, the share of {@code perl -T}. A text file has next to no
     * such bytes.
     */
    private static final double BINARY_SHARE = 0.3;

    /** Bytes behind the limit that are read if personal data is replaced, so that none of it is cut into two. */
    private static final int MARGIN = 1024;

    private final int maxBytes;
    private final Redactor redactor;
    private byte[] kept = new byte[0];

    /** @param maxBytes longest cleaned text in UTF-8 bytes */
    public TextCleaner(int maxBytes) {
        this(maxBytes, null);
    }

    /**
     * @param maxBytes longest cleaned text in UTF-8 bytes
     * @param redactor replaces personal data, or null
     */
    TextCleaner(int maxBytes, Redactor redactor) {
        this.maxBytes = maxBytes;
        this.redactor = redactor;
    }

    /**
     * A cleaned text.
     *
     * @param text the text
     * @param utf8 its UTF-8 bytes
     * @param repaired true if bytes were removed
     * @param cut true if the text was cut at the limit, always between two code points
     * @param binary true if more than 30% of the bytes were removed, so that the bytes were no text
     * @param redacted the text, and the parts of it that were replaced
     */
    public record Cleaned(String text, byte[] utf8, boolean repaired, boolean cut, boolean binary, Redacted redacted) {
        /** Returns whether only white space is left. */
        public boolean empty() {
            return text.isBlank();
        }
    }

    /** Begins a row; the texts that follow are of the row. */
    public void begin(RawRow row) {
        begin(row.person(), () -> row.text(0));
    }

    /**
     * Begins a row.
     *
     * @param person person of the row, or null
     * @param content supplies the first value of the row, or null
     */
    public void begin(String person, Supplier<String> content) {
        if (redactor != null) {
            redactor.begin(person, () -> Objects.requireNonNullElse(content.get(), ""));
        }
    }

    /** Cleans one text. */
    public Cleaned clean(byte[] bytes) {
        int limit = redactor == null || maxBytes > Integer.MAX_VALUE - MARGIN ? maxBytes : maxBytes + MARGIN;
        kept = kept.length < Math.min(bytes.length, limit) ? new byte[Math.min(bytes.length, limit)] : kept;
        int size = 0;
        int removed = 0;
        int at = 0;
        boolean cut = false;
        while (at < bytes.length) {
            int length = sequence(bytes, at);
            if (length == 0) {
                removed++;
                at++;
            } else if (isReplacement(bytes, at, length)) {
                removed += length;
                at += length;
            } else if (size + length > limit) {
                cut = true;
                break;
            } else {
                for (int i = 0; i < length; i++) {
                    kept[size++] = bytes[at++];
                }
            }
        }
        byte[] utf8 = Arrays.copyOf(kept, size);
        boolean binary = removed > BINARY_SHARE * at;
        String text = new String(utf8, StandardCharsets.UTF_8);
        if (redactor == null) {
            return new Cleaned(text, utf8, removed > 0, cut, binary, Redacted.unchanged(text));
        }
        Redacted redacted = redactor.redact(text);
        utf8 = redacted.text().getBytes(StandardCharsets.UTF_8);
        if (utf8.length > maxBytes) {
            cut = true;
            utf8 = Arrays.copyOf(utf8, beginning(utf8, maxBytes));
            redacted = redacted.cut(new String(utf8, StandardCharsets.UTF_8).length());
        }
        return new Cleaned(redacted.text(), utf8, removed > 0, cut, binary, redacted);
    }

    /** Returns the last place up to a limit at which a code point begins. */
    private static int beginning(byte[] utf8, int limit) {
        int at = limit;
        while ((utf8[at] & 0xC0) == 0x80) {
            at--;
        }
        return at;
    }

    private static boolean isReplacement(byte[] bytes, int at, int length) {
        return length == 3 && bytes[at] == (byte) 0xEF && bytes[at + 1] == (byte) 0xBF && bytes[at + 2] == (byte) 0xBD;
    }

    /**
     * Returns the length of the well-formed sequence that begins here (Unicode, table 3-7), or 0 for a byte to remove.
     */
    private static int sequence(byte[] bytes, int at) {
        int lead = bytes[at] & 0xFF;
        if (lead < 0x80) {
            return (lead >= 0x20 && lead != 0x7F) || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
        }
        int length = lead >= 0xC2 && lead <= 0xDF
                ? 2
                : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
        if (length == 0 || at + length > bytes.length) {
            return 0;
        }
        int second = bytes[at + 1] & 0xFF;
        int lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (second < lowest || second > highest) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((bytes[at + i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }
}
