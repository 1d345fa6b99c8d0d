package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.data.redact.find.IpAddresses;

/**
 * Recognises web and mail addresses, which are one word. An address has an optional scheme, an optional user with
 * {@code @}, a host, and an optional port and path. The host is an IPv4 address, or labels of which the last is in
 * lower case and has at least two letters.
 */
final class WebAddress {
    private static final int LONGEST_LABEL = 64;

    private WebAddress() {}

    /** Returns whether text in [from, to), which holds no white space, is an address. */
    static boolean matches(int[] text, int from, int to) {
        int dot = find(text, from, to, '.');
        if (dot < 0 || dot == from || dot == to - 1) {
            return false;
        }
        int host = afterScheme(text, from, to);
        if (isHost(text, host, to)) {
            return true;
        }
        for (int at = to - 1; at > host; at--) {
            if (text[at] == '@' && isHost(text, at + 1, to)) {
                return true;
            }
        }
        return false;
    }

    private static int find(int[] text, int from, int to, int needed) {
        for (int i = from; i < to; i++) {
            if (text[i] == needed) {
                return i;
            }
        }
        return -1;
    }

    private static int afterScheme(int[] text, int from, int to) {
        int colon = find(text, from, to, ':');
        if (colon < from + 2 || colon + 2 >= to || text[colon + 1] != '/' || text[colon + 2] != '/') {
            return from;
        }
        for (int i = from; i < colon; i++) {
            if (!CharClass.is(text[i], CharClass.LETTER | CharClass.DIGIT) && "_+-.".indexOf(text[i]) < 0) {
                return from;
            }
        }
        return colon + 3;
    }

    private static boolean isHost(int[] text, int from, int to) {
        int end = from;
        while (end < to && isLabel(text[end])) {
            end++;
        }
        int stop = to;
        if (end < to) {
            stop = end;
            if (!isTail(text, end, to)) {
                return false;
            }
        }
        int label = from;
        int labels = 0;
        for (int i = from; i < stop; i++) {
            if (text[i] == '.') {
                if (!isLabel(text, label, i)) {
                    return false;
                }
                labels++;
                label = i + 1;
            }
        }
        return labels > 0 && (isTop(text, label, stop) || isIp(text, from, stop));
    }

    /** Returns whether the rest is a port of two to five digits, a path, or both. */
    private static boolean isTail(int[] text, int from, int to) {
        int at = from;
        if (text[at] == ':') {
            int digits = at + 1;
            while (digits < to && CharClass.is(text[digits], CharClass.DIGIT)) {
                digits++;
            }
            int count = digits - at - 1;
            if (count < 2 || count > 5) {
                return false;
            }
            at = digits;
        }
        return at == to || text[at] == '/' || text[at] == '?' || text[at] == '#';
    }

    private static boolean isLabel(int codePoint) {
        return codePoint == '.' || codePoint == '-' || codePoint == '_' || isAlphanumeric(codePoint);
    }

    private static boolean isAlphanumeric(int codePoint) {
        return (codePoint >= 'a' && codePoint <= 'z')
                || (codePoint >= 'A' && codePoint <= 'Z')
                || (codePoint >= '0' && codePoint <= '9')
                || (codePoint >= 0xA1 && codePoint <= 0xFFFF);
    }

    private static boolean isLabel(int[] text, int from, int to) {
        return from < to && to - from <= LONGEST_LABEL && isAlphanumeric(text[from]) && isAlphanumeric(text[to - 1]);
    }

    private static boolean isTop(int[] text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (!CharClass.is(text[i], CharClass.NOT_UPPER)) {
                return false;
            }
        }
        return to - from >= 2 && to - from < LONGEST_LABEL;
    }

    private static boolean isIp(int[] text, int from, int to) {
        return IpAddresses.endOfIpv4(text, from, to) == to;
    }
}
