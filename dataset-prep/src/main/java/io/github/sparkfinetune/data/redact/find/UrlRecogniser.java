package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;
import java.util.Locale;

/**
 * Finds web addresses. With a scheme ({@code http}, {@code https} or {@code ftp}) any host counts; without one the host
 * needs a top-level domain in the case of the rest, so that no sentence after a missing space counts. Marks that end a
 * sentence do not belong to an address.
 */
final class UrlRecogniser implements Recogniser {
    private static final List<String> SCHEMES = List.of("https", "http", "ftp");
    private static final String SEPARATOR = "://";
    private static final String NOT_IN_PATH = "()<>\"'";
    private static final String SENTENCE_MARKS = ".,;:!?";
    /** Characters of the longest host of DNS. */
    private static final int LONGEST_HOST = 253;

    @Override
    public void find(ScannedText scanned, List<Span> found) {
        String text = scanned.text();
        int free = 0;
        int scheme = text.indexOf(SEPARATOR);
        int point = text.indexOf('.');
        while (scheme >= 0 || point >= 0) {
            boolean schemeFirst = scheme >= 0 && (point < 0 || scheme < point);
            Span url = schemeFirst ? withScheme(text, free, scheme) : bare(text, free, point);
            if (url != null) {
                found.add(url);
                free = url.end();
            }
            int next = Math.max(free, (schemeFirst ? scheme : point) + 1);
            scheme = scheme >= 0 && scheme < next ? text.indexOf(SEPARATOR, next) : scheme;
            point = point >= 0 && point < next ? text.indexOf('.', next) : point;
        }
    }

    private static Span withScheme(String text, int free, int separator) {
        for (String scheme : SCHEMES) {
            int start = separator - scheme.length();
            if (start >= free && text.regionMatches(true, start, scheme, 0, scheme.length())) {
                int host = separator + SEPARATOR.length();
                int end = host;
                while (end < text.length() && isInPath(text.charAt(end))) {
                    end++;
                }
                end = withoutMarks(text, host, end);
                return end > host ? new Span(start, end, Entity.URL) : null;
            }
        }
        return null;
    }

    /** Returns the address of a host without a scheme that has its first point at a place, or null. */
    private static Span bare(String text, int free, int point) {
        if (point == free
                || point + 1 == text.length()
                || !isInLabel(text.charAt(point - 1))
                || !isInLabel(text.charAt(point + 1))) {
            return null;
        }
        int start = point;
        while (start > free && isInLabel(text.charAt(start - 1))) {
            start--;
        }
        // Behind a point the labels of the same host were read already.
        if (start > 0 && text.charAt(start - 1) == '.') {
            return null;
        }
        int most = Math.min(text.length(), start + LONGEST_HOST);
        int labels = point;
        while (labels < most && isInHost(text.charAt(labels))) {
            labels++;
        }
        if (labels < text.length() && isInHost(text.charAt(labels))) {
            return null;
        }
        labels = withoutMarks(text, point, labels);
        int host = TopLevelDomains.end(text, start, labels);
        if (host < 0 || isPartOfAddress(text, start, host) || !isWritten(text.substring(start, host))) {
            return null;
        }
        return new Span(start, end(text, host), Entity.URL);
    }

    /** Returns whether the host is in an e-mail address, or in a word with other marks. */
    private static boolean isPartOfAddress(String text, int start, int end) {
        boolean before = start > 0
                && (text.charAt(start - 1) == '@'
                        || text.charAt(start - 1) == '.'
                        || !ScannedText.isOutside(text, start - 1));
        boolean after = end < text.length() && (text.charAt(end) == '@' || !ScannedText.isOutside(text, end));
        return before || after;
    }

    /** Returns whether the top-level domain is in lower case, or all is in upper case. */
    private static boolean isWritten(String host) {
        String top = host.substring(host.lastIndexOf('.') + 1);
        return top.equals(top.toLowerCase(Locale.ROOT)) || host.equals(host.toUpperCase(Locale.ROOT));
    }

    /** Returns the end of the port and the path after a host. */
    private static int end(String text, int host) {
        int at = host;
        if (at < text.length() && text.charAt(at) == ':' && ScannedText.isDigit(text, at + 1)) {
            at++;
            while (ScannedText.isDigit(text, at)) {
                at++;
            }
        }
        if (at < text.length() && "/?#".indexOf(text.charAt(at)) >= 0) {
            while (at < text.length() && isInPath(text.charAt(at))) {
                at++;
            }
        }
        return withoutMarks(text, host, at);
    }

    private static int withoutMarks(String text, int from, int to) {
        int end = to;
        while (end > from && SENTENCE_MARKS.indexOf(text.charAt(end - 1)) >= 0) {
            end--;
        }
        return end;
    }

    private static boolean isInPath(char character) {
        return !Character.isWhitespace(character)
                && !Character.isSpaceChar(character)
                && NOT_IN_PATH.indexOf(character) < 0;
    }

    private static boolean isInHost(char character) {
        return character == '.' || isInLabel(character);
    }

    private static boolean isInLabel(char character) {
        return character == '-' || (character != '_' && ScannedText.isWord(character));
    }
}
