package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.List;

/**
 * Finds IPv4 and IPv6 addresses with an optional prefix length. No number or group of an address may follow or precede
 * it, so that version 1.2.3.4.5 holds none.
 */
final class IpRecogniser implements Recogniser {
    /** Characters of the longest IPv6 address, and one more that shows whether it ends. */
    private static final int LONGEST = 40;

    @Override
    public void find(ScannedText scanned, List<Span> found) {
        ipv4(scanned, found);
        ipv6(scanned.text(), found);
    }

    private static void ipv4(ScannedText scanned, List<Span> found) {
        String text = scanned.text();
        int free = 0;
        for (int word = 0; word < scanned.words(); word++) {
            int start = scanned.start(word);
            boolean possible = start >= free
                    && scanned.end(word) - start <= 3
                    && at(text, scanned.end(word)) == '.'
                    && !(at(text, start - 1) == '.' && ScannedText.isDigit(text, start - 2));
            int end = possible ? end(text, start, false) : -1;
            if (end > 0 && !(at(text, end) == '.' && ScannedText.isDigit(text, end + 1))) {
                free = prefixed(text, end);
                found.add(new Span(start, free, Entity.IP_ADDRESS));
            }
        }
    }

    private static void ipv6(String text, List<Span> found) {
        int free = 0;
        for (int colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', Math.max(free, colon + 1))) {
            int start = colon;
            while (start > free && colon - start < 4 && IpAddresses.isHex(text.charAt(start - 1))) {
                start--;
            }
            boolean possible = ScannedText.isOutside(text, start - 1)
                    && at(text, start - 1) != ':'
                    && (start < colon || at(text, colon + 1) == ':');
            int end = possible ? end(text, start, true) : -1;
            if (end > 0 && at(text, end) != ':') {
                free = prefixed(text, end);
                found.add(new Span(start, free, Entity.IP_ADDRESS));
            }
        }
    }

    /** Returns the end of the address that begins at a place and ends with a word, or -1. */
    private static int end(String text, int start, boolean six) {
        String part = text.substring(start, Math.min(text.length(), start + LONGEST));
        int[] units = part.chars().toArray();
        int length =
                six ? IpAddresses.endOfIpv6(units, 0, units.length) : IpAddresses.endOfIpv4(units, 0, units.length);
        return length > 0 && ScannedText.isOutside(text, start + length) ? start + length : -1;
    }

    /** Returns the end of the prefix length after an address, or the end of the address. */
    private static int prefixed(String text, int end) {
        int at = end + 1;
        while (ScannedText.isDigit(text, at) && at - end <= 3) {
            at++;
        }
        return at(text, end) == '/' && at > end + 1 && ScannedText.isOutside(text, at) ? at : end;
    }

    /** Returns a character, or 0 outside of the text. */
    private static char at(String text, int place) {
        return place >= 0 && place < text.length() ? text.charAt(place) : 0;
    }
}
