package io.github.sparkfinetune.data.redact.find;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A date in a text, and the places of its parts.
 *
 * @param start first character
 * @param end character after the last, a time of day included
 * @param day day of the month, or null
 * @param month number or English name of the month
 * @param year two or four digits, or null
 */
public record WrittenDate(int start, int end, Part day, Part month, Part year) {
    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static final String SHORT = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
    private static final String NAME = "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
            + "|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
    private static final String ORDINAL = "(?:st|nd|rd|th)?";
    private static final int CENTURY = 2000;

    /** Forms that begin with a digit; groups are the day or month, the separator, the month or day, and the year. */
    private static final Pattern NUMBERS = compile("([0-9]{1,2})([/.-])([0-9]{1,2})\\2([0-9]{4}|(?<!-)[0-9]{2})\\b");

    private static final Pattern YEAR_FIRST = compile("([0-9]{4})([/-])([0-9]{1,2})\\2([0-9]{1,2})"
            + "(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?\\b");
    /** Forms with a name; groups are the day, the month and the year. */
    private static final Pattern DAY_NAME = compile("([0-9]{1,2})-" + SHORT + "(?:-([0-9]{4}|[0-9]{2}))?\\b");

    private static final Pattern DAY_OF_NAME =
            compile("([0-9]{1,2})" + ORDINAL + " (?:of )?" + NAME + "\\.?,? ([0-9]{4})\\b");
    /** Forms that begin with a name; groups are the month, the day and the year. */
    private static final Pattern NAME_DAY = compile(NAME + "\\.? ([0-9]{1,2})" + ORDINAL + ",? ([0-9]{4})\\b");

    private static final Pattern NAME_YEAR =
            compile("(?:" + SHORT + "()-([0-9]{4}|[0-9]{2})|(?<name>" + NAME + ") (?<year>[0-9]{4}))\\b");

    /** Characters of the longest name of a month, with a point and a space behind it. */
    private static final int LONGEST_NAME = 11;

    /**
     * Part of a date.
     *
     * @param start first character
     * @param end character after the last
     */
    public record Part(int start, int end) {
        private static Part of(Matcher matcher, int group) {
            return matcher.start(group) < 0 ? null : new Part(matcher.start(group), matcher.end(group));
        }

        private int number(String text) {
            return Integer.parseInt(text, start, end, 10);
        }
    }

    private static Pattern compile(String pattern) {
        return Pattern.compile(pattern, Pattern.CASE_INSENSITIVE);
    }

    /**
     * Returns the date whose first digit is at a place, or null. A number above 12 is a day; of two numbers up to 12
     * the first is the month, except between points, where it is the day.
     *
     * @param at start of a word that holds a digit
     */
    static WrittenDate at(String text, int at) {
        WrittenDate named = ScannedText.isDigit(text, at) ? nameFirst(text, at) : null;
        if (named != null) {
            return named;
        }
        Matcher matcher = NUMBERS.matcher(text);
        if (matches(matcher, at)) {
            return numbers(text, matcher);
        }
        if (matches(matcher.usePattern(YEAR_FIRST), at)) {
            return checked(text, date(matcher, 4, 3, 1));
        }
        if (matches(matcher.usePattern(DAY_NAME), at) || matches(matcher.usePattern(DAY_OF_NAME), at)) {
            return checked(text, date(matcher, 1, 2, 3));
        }
        return null;
    }

    /**
     * Returns the date that is the whole of a text.
     *
     * @param text text of a span of this kind
     * @return null if the text is no date
     */
    public static WrittenDate of(String text) {
        int digit = 0;
        while (digit < text.length() && !ScannedText.isDigit(text, digit)) {
            digit++;
        }
        WrittenDate date = at(text, digit);
        return date != null && date.start == 0 && date.end == text.length() ? date : null;
    }

    private static boolean matches(Matcher matcher, int at) {
        return matcher.useTransparentBounds(true)
                .region(at, matcher.regionEnd())
                .lookingAt();
    }

    private static WrittenDate date(Matcher matcher, int day, int month, int year) {
        return new WrittenDate(
                matcher.start(), matcher.end(), Part.of(matcher, day), Part.of(matcher, month), Part.of(matcher, year));
    }

    private static WrittenDate numbers(String text, Matcher matcher) {
        boolean points = matcher.group(2).equals(".");
        WrittenDate monthFirst = points ? null : checked(text, date(matcher, 3, 1, 4));
        return monthFirst == null ? checked(text, date(matcher, 1, 3, 4)) : monthFirst;
    }

    /** Returns the date that begins with a month's name in front of a digit, or null. */
    private static WrittenDate nameFirst(String text, int digit) {
        int at = digit - 1;
        if (at < 2 || (text.charAt(at) != ' ' && text.charAt(at) != '-')) {
            return null;
        }
        at -= text.charAt(at - 1) == '.' ? 1 : 0;
        while (at > 0 && digit - at < LONGEST_NAME && Character.isLetter(text.charAt(at - 1))) {
            at--;
        }
        if (at > digit - 4 || !ScannedText.isOutside(text, at - 1)) {
            return null;
        }
        Matcher matcher = NAME_DAY.matcher(text);
        if (matches(matcher, at)) {
            return checked(text, date(matcher, 2, 1, 3));
        }
        if (matches(matcher.usePattern(NAME_YEAR), at)) {
            boolean dash = matcher.start(1) >= 0;
            Part month = dash ? Part.of(matcher, 1) : new Part(matcher.start("name"), matcher.end("name"));
            Part year = dash ? Part.of(matcher, 3) : new Part(matcher.start("year"), matcher.end("year"));
            return new WrittenDate(matcher.start(), matcher.end(), null, month, year);
        }
        return null;
    }

    /** Returns the date, or null if its day or month does not exist in any year. */
    private static WrittenDate checked(String text, WrittenDate date) {
        int day = date.day.number(text);
        int month = date.monthNumber(text);
        return day >= 1 && day <= 31 && month >= 1 && month <= 12 ? date : null;
    }

    private int monthNumber(String text) {
        return isNamed(text)
                ? 1
                        + MONTHS.indexOf(
                                text.substring(month.start, month.start + 3).toLowerCase(Locale.ROOT))
                : month.number(text);
    }

    /** Returns whether the month has its name. */
    public boolean isNamed(String text) {
        return !ScannedText.isDigit(text, month.start);
    }

    /**
     * Returns the day, or null if the date has no day or no year, or the month is shorter. Years of two digits are of
     * this century.
     *
     * @param text text that the date is a part of
     */
    public LocalDate day(String text) {
        if (day == null || year == null) {
            return null;
        }
        try {
            int number = year.number(text);
            return LocalDate.of(
                    year.end - year.start == 2 ? CENTURY + number : number, monthNumber(text), day.number(text));
        } catch (DateTimeException e) {
            return null;
        }
    }
}
