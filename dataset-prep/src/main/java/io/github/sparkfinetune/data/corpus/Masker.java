package io.github.sparkfinetune.data.corpus;

import com.google.i18n.phonenumbers.PhoneNumberMatch;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.Leniency;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Masking;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Replaces text that looks like an address or a number by placeholders. It goes by form and not by meaning, so it does
 * not anonymise a text. Not for concurrent use.
 *
 * <ul>
 *   <li>{@code <EMAIL>}: an e-mail address in ASCII with a host of two labels or more;
 *   <li>{@code <IP>}: an IPv4 or IPv6 address, version numbers of the same form included;
 *   <li>{@code <PHONE>}: a number that is valid in the numbering plans of libphonenumber, with its +, or as it is
 *       dialled in the region where a region is given;
 *   <li>{@code <NUMBER>}: digits that touch no letter, including any of {@code . , : / -} between the digits.
 * </ul>
 */
final class Masker {
    private static final int FEWEST_PHONE_DIGITS = 5;
    private static final String BETWEEN_DIGITS = ".,:/-";

    private final Set<Masking> kinds;
    private final String region;
    private final Map<Masking, Integer> counts = new EnumMap<>(Masking.class);

    /** @param region region whose telephone numbers need no country code, or null */
    Masker(Collection<Masking> kinds, String region) {
        this.kinds = EnumSet.noneOf(Masking.class);
        this.kinds.addAll(kinds);
        this.region = region;
    }

    /** Returns a text with placeholders. */
    String mask(String text) {
        counts.clear();
        String masked = text;
        for (Masking kind : kinds) {
            masked = switch (kind) {
                case EMAIL -> emails(masked);
                case IP -> addresses(masked);
                case PHONE -> phones(masked);
                case NUMBER -> numbers(masked);
            };
        }
        return masked;
    }

    /** Returns the number of placeholders of each kind in the last text. */
    Map<Masking, Integer> counts() {
        return Map.copyOf(counts);
    }

    /** A text whose parts are replaced from the beginning to the end. */
    private final class Replacing {
        private final String text;
        private final Masking kind;
        private final StringBuilder out = new StringBuilder();
        private int copied;

        Replacing(String text, Masking kind) {
            this.text = text;
            this.kind = kind;
        }

        /** Returns the end of the last part that was replaced. */
        int end() {
            return copied;
        }

        void replace(int from, int to) {
            out.append(text, copied, from).append('<').append(kind.name()).append('>');
            counts.merge(kind, 1, Integer::sum);
            copied = to;
        }

        String done() {
            return copied == 0 ? text : out.append(text, copied, text.length()).toString();
        }
    }

    private String emails(String text) {
        Replacing masked = new Replacing(text, Masking.EMAIL);
        for (int at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
            int start = EmailAddresses.start(text, masked.end(), at);
            int end = start < 0 ? -1 : EmailAddresses.end(text, at + 1);
            if (end > 0) {
                masked.replace(start, end);
                at = end - 1;
            }
        }
        return masked.done();
    }

    private String addresses(String text) {
        if (text.indexOf('.') < 0 && text.indexOf(':') < 0) {
            return text;
        }
        Replacing masked = new Replacing(text, Masking.IP);
        int[] codePoints = text.codePoints().toArray();
        int length = codePoints.length;
        int unit = 0;
        for (int at = 0; at < length; ) {
            int end = -1;
            if (IpAddresses.isHex(codePoints[at]) && (at == 0 || !isPart(codePoints[at - 1]))) {
                end = whole(codePoints, IpAddresses.endOfIpv4(codePoints, at, length), ".");
                end = end > 0 ? end : whole(codePoints, IpAddresses.endOfIpv6(codePoints, at, length), ".:");
            }
            if (end > 0) {
                // An address is ASCII: as many UTF-16 units as code points.
                masked.replace(unit, unit + end - at);
                unit += end - at;
                at = end;
            } else {
                unit += Character.charCount(codePoints[at++]);
            }
        }
        return masked.done();
    }

    /** Returns the end of an address, or -1 if a letter or digit follows, directly or after one of the marks. */
    private static int whole(int[] text, int end, String marks) {
        if (end < 0 || end == text.length) {
            return end;
        }
        boolean mark = marks.indexOf(text[end]) >= 0;
        int next = mark ? end + 1 : end;
        return next < text.length && CharClass.is(text[next], CharClass.LETTER | CharClass.DIGIT) ? -1 : end;
    }

    private static boolean isPart(int codePoint) {
        return codePoint == '.' || codePoint == ':' || CharClass.is(codePoint, CharClass.LETTER | CharClass.DIGIT);
    }

    /** Masks telephone numbers. The search is slow, so it looks only where digits are dense enough. */
    private String phones(String text) {
        Replacing masked = new Replacing(text, Masking.PHONE);
        int at = 0;
        while (at < text.length()) {
            int start = at;
            int digits = 0;
            while (at < text.length() && isInPhone(text.charAt(at))) {
                digits += Character.isDigit(text.charAt(at++)) ? 1 : 0;
            }
            if (digits >= FEWEST_PHONE_DIGITS) {
                // One character more on each side shows whether the digits belong to a word.
                int from = Math.max(masked.end(), start - 1);
                int to = Math.min(text.length(), at + 1);
                for (PhoneNumberMatch found : PhoneNumberUtil.getInstance()
                        .findNumbers(text.substring(from, to), region, Leniency.VALID, Long.MAX_VALUE)) {
                    masked.replace(from + found.start(), from + found.end());
                }
            }
            at++;
        }
        return masked.done();
    }

    private static boolean isInPhone(char character) {
        return Character.isDigit(character) || "+()[]-./ \u00A0\u2010\u2011\u2012\u2013".indexOf(character) >= 0;
    }

    private String numbers(String text) {
        Replacing masked = new Replacing(text, Masking.NUMBER);
        int at = 0;
        while (at < text.length()) {
            int end = Character.isDigit(text.charAt(at)) ? endOfNumber(text, at) : at;
            boolean alone = (at == 0 || !Character.isLetter(text.charAt(at - 1)))
                    && (end == text.length() || !Character.isLetter(text.charAt(end)));
            if (end > at && alone) {
                masked.replace(at, end);
            }
            at = Math.max(end, at + 1);
        }
        return masked.done();
    }

    private static int endOfNumber(String text, int from) {
        int at = from;
        while (at < text.length()) {
            boolean between = at + 1 < text.length()
                    && BETWEEN_DIGITS.indexOf(text.charAt(at)) >= 0
                    && Character.isDigit(text.charAt(at + 1));
            if (!between && !Character.isDigit(text.charAt(at))) {
                break;
            }
            at++;
        }
        return at;
    }
}
