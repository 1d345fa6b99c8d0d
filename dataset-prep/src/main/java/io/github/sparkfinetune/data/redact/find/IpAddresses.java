package io.github.sparkfinetune.data.redact.find;

/** Finds IP addresses in text. */
public final class IpAddresses {
    private static final int OCTETS = 4;
    private static final int GROUPS = 8;

    private IpAddresses() {}

    /**
     * Returns the end of the IPv4 address that begins at {@code from}, or -1: four numbers up to 255, separated by
     * points.
     */
    public static int endOfIpv4(int[] text, int from, int to) {
        int at = from;
        for (int octet = 0; octet < OCTETS; octet++) {
            if (octet > 0 && (at >= to || text[at++] != '.')) {
                return -1;
            }
            int value = 0;
            int first = at;
            while (at < to && isDigit(text[at]) && at - first < 3) {
                value = 10 * value + text[at++] - '0';
            }
            if (at == first || value > 255) {
                return -1;
            }
        }
        return at;
    }

    /**
     * Returns the end of the IPv6 address that begins at {@code from}, or -1. The address is eight groups of
     * hexadecimal digits separated by colons, or fewer groups with one double colon.
     */
    public static int endOfIpv6(int[] text, int from, int to) {
        int at = from;
        int groups = 0;
        boolean gap = false;
        int end = -1;
        while (at < to && groups < GROUPS) {
            int first = at;
            while (at < to && isHex(text[at]) && at - first < 4) {
                at++;
            }
            if (at > first) {
                groups++;
                end = at;
            } else if (groups > 0 && !gap) {
                break;
            }
            if (at + 1 < to && text[at] == ':' && text[at + 1] == ':' && !gap) {
                gap = true;
                at += 2;
                end = at;
            } else if (at > first && at < to && text[at] == ':') {
                at++;
            } else {
                break;
            }
        }
        boolean whole = gap ? groups < GROUPS && groups > 0 : groups == GROUPS;
        return whole ? end : -1;
    }

    public static boolean isHex(int codePoint) {
        return isDigit(codePoint) || (codePoint >= 'a' && codePoint <= 'f') || (codePoint >= 'A' && codePoint <= 'F');
    }

    private static boolean isDigit(int codePoint) {
        return codePoint >= '0' && codePoint <= '9';
    }
}
