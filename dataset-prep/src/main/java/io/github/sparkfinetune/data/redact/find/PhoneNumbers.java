package io.github.sparkfinetune.data.redact.find;

import com.google.i18n.phonenumbers.PhoneNumberMatch;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.Leniency;
import com.google.i18n.phonenumbers.PhoneNumberUtil.ValidationResult;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;
import io.github.sparkfinetune.conf.redact.Entity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Finds telephone numbers that are valid in the numbering plans of libphonenumber: with a +, or as they are dialled in
 * one of several regions. The library's search is slow, so it sees only parts of a text where digits are dense enough,
 * and a part that no region before found to be a number.
 */
public final class PhoneNumbers {
    private static final int FEWEST_DIGITS = 5;
    /** Digits of the longest number that the library reads. */
    private static final int MOST_DIGITS = 17;

    private final List<Region> regions = new ArrayList<>();

    /**
     * A region.
     *
     * @param name two letters, or null for numbers with a + alone
     * @param digits fewest digits of a number without a +
     */
    private record Region(String name, int digits) {}

    /** @param regions countries, by their two letters, whose numbers need no + */
    public PhoneNumbers(Collection<String> regions) {
        PhoneNumberUtil util = PhoneNumberUtil.getInstance();
        // Regions with one country code share a numbering plan.
        List<Integer> codes = new ArrayList<>();
        for (String region : regions) {
            int code = util.getCountryCodeForRegion(region);
            if (!codes.contains(code)) {
                codes.add(code);
                this.regions.add(new Region(region, fewestDigits(util, code)));
            }
        }
        if (this.regions.isEmpty()) {
            this.regions.add(new Region(null, Integer.MAX_VALUE));
        }
    }

    private static int fewestDigits(PhoneNumberUtil util, int code) {
        long number = 1;
        for (int digits = 1; digits < MOST_DIGITS; digits++) {
            PhoneNumber shortest = new PhoneNumber().setCountryCode(code).setNationalNumber(number);
            if (util.isPossibleNumberWithReason(shortest) == ValidationResult.IS_POSSIBLE) {
                return Math.max(FEWEST_DIGITS, digits);
            }
            number *= 10;
        }
        return FEWEST_DIGITS;
    }

    /** Returns the numbers of a text, in their order. */
    public List<Span> find(String text) {
        return find(text, List.of());
    }

    /**
     * Returns the numbers of a text, in their order.
     *
     * @param taken spans in their order in which no number without a + is looked for
     */
    List<Span> find(String text, List<Span> taken) {
        List<Span> found = new ArrayList<>();
        int next = 0;
        int at = 0;
        while (at < text.length()) {
            int start = at;
            int digits = 0;
            int block = 0;
            int longest = 0;
            while (at < text.length() && isInNumber(text.charAt(at))) {
                boolean digit = Character.isDigit(text.charAt(at++));
                digits += digit ? 1 : 0;
                block = digit ? block + 1 : 0;
                longest = Math.max(longest, block);
            }
            if (digits >= FEWEST_DIGITS && longest <= MOST_DIGITS) {
                while (next < taken.size() && taken.get(next).end() <= start) {
                    next++;
                }
                at = afterExtension(text, at);
                boolean plus = text.lastIndexOf('+', at) >= start;
                if (plus || next == taken.size() || !hasAllDigits(text, taken.get(next), start, at)) {
                    findIn(text, start, at, plus ? Integer.MAX_VALUE : digits, found);
                }
            }
            at++;
        }
        return found;
    }

    /** Returns the end of an extension such as x416 that begins at a place, or the place. */
    private static int afterExtension(String text, int at) {
        int end = at + 1;
        while (ScannedText.isDigit(text, end)) {
            end++;
        }
        boolean extension =
                at < text.length() && text.charAt(at) == 'x' && ScannedText.isDigit(text, at - 1) && end > at + 1;
        return extension ? end : at;
    }

    /**
     * Adds the numbers of the characters [start, end), which may belong to a number.
     *
     * @param digits number of digits, or more if a + is among the characters
     */
    private void findIn(String text, int start, int end, int digits, List<Span> found) {
        // A character more on each side shows whether the digits belong to a word. The minutes of a time of day show
        // that the digits in front are a date.
        int from = Math.max(found.isEmpty() ? 0 : found.get(found.size() - 1).end(), start - 1);
        int after = end < text.length() && text.charAt(end) == ':' ? 3 : 1;
        String part = text.substring(from, Math.min(text.length(), end + after));
        List<Span> numbers = new ArrayList<>();
        for (Region region : regions) {
            if (digits < region.digits) {
                continue;
            }
            for (PhoneNumberMatch match :
                    PhoneNumberUtil.getInstance().findNumbers(part, region.name, Leniency.VALID, Long.MAX_VALUE)) {
                Span span = new Span(from + match.start(), from + match.end(), Entity.PHONE_NUMBER);
                if (hasAllDigits(text, span, start, end)) {
                    found.add(span);
                    return;
                }
                numbers.add(span);
            }
        }
        found.addAll(Overlaps.merged(numbers));
    }

    /** Returns whether a span has all digits of the characters [from, to). */
    private static boolean hasAllDigits(String text, Span span, int from, int to) {
        for (int at = from; at < to; at++) {
            if ((at < span.start() || at >= span.end()) && Character.isDigit(text.charAt(at))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isInNumber(char character) {
        return Character.isDigit(character) || "+()[]-./ \u00A0\u2010\u2011\u2012\u2013".indexOf(character) >= 0;
    }
}
