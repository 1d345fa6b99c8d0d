package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.CorpusConfig.Masking;
import io.github.sparkfinetune.data.redact.find.EmailAddresses;
import io.github.sparkfinetune.data.redact.find.IpAddresses;
import io.github.sparkfinetune.data.redact.find.PhoneNumbers;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

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
    private static final String BETWEEN_DIGITS = ".,:/-";

    private final Set<Masking> kinds;
    private final PhoneNumbers numbers;
    private final Map<Masking, Integer> counts = new EnumMap<>(Masking.class);

    /** @param region region whose telephone numbers need no country code, or null */
    Masker(Collection<Masking> kinds, String region) {
        this.kinds = EnumSet.noneOf(Masking.class);
        this.kinds.addAll(kinds);
        this.numbers = new PhoneNumbers(region == null ? List.of() : List.of(region));
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
            int start = EmailAddresses.ASCII.start(text, masked.end(), at);
            int end = start < 0 ? -1 : EmailAddresses.ASCII.end(text, at + 1);
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
                end = end > 0 ? end : whole(codePoints, endOfIpv6(codePoints, at, length), ".:");
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

    /** Returns the end of an IPv6 address with a decimal digit, or -1: names of code have the same form. */
    private static int endOfIpv6(int[] text, int from, int to) {
        int end = IpAddresses.endOfIpv6(text, from, to);
        return IntStream.range(from, end).anyMatch(at -> CharClass.is(text[at], CharClass.DIGIT)) ? end : -1;
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

    private String phones(String text) {
        Replacing masked = new Replacing(text, Masking.PHONE);
        numbers.find(text).forEach(number -> masked.replace(number.start(), number.end()));
        return masked.done();
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
