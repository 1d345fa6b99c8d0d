package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.SplitKey.Kind;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Time of a row: a number of any unit, or a date in ISO 8601. Dates are {@code 2024-05}, {@code 2024-05-01} or
 * {@code 2024-05-01T10:00:00.5+02:00}; a space may replace the T. A date without a zone is in UTC.
 *
 * @param value number, or microseconds since 1970 of a date
 * @param kind date or number
 */
public record RowTime(double value, Kind kind) {
    static final String NO_TIME = "no_time";
    static final String BAD_TIME = "bad_time";
    /** Prefix of a number of microseconds since 1970. */
    static final String MICROS = "@";

    private static final Pattern NUMBER = Pattern.compile("[-+]?\\d+(\\.\\d+)?([eE][-+]?\\d+)?");
    private static final Pattern DATE = Pattern.compile(
            "(\\d{4}-\\d{2})(-\\d{2})?(?:[T ](\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?)\\s*(Z|[-+]\\d{2}(?::?\\d{2})?)?)?");

    /** @param text text of the time, or null if the row has no time */
    static RowTime parse(String text) throws UnusableRowException {
        String stripped = text == null ? "" : text.strip();
        if (stripped.isEmpty()) {
            throw new UnusableRowException(NO_TIME);
        }
        if (stripped.startsWith(MICROS)) {
            return new RowTime(Long.parseLong(stripped.substring(MICROS.length())), Kind.DATE);
        }
        if (NUMBER.matcher(stripped).matches()) {
            return new RowTime(Double.parseDouble(stripped), Kind.NUMBER);
        }
        Matcher date = DATE.matcher(stripped);
        if (!date.matches()) {
            throw new UnusableRowException(BAD_TIME);
        }
        try {
            return new RowTime(micros(date), Kind.DATE);
        } catch (DateTimeException e) {
            throw new UnusableRowException(BAD_TIME);
        }
    }

    private static double micros(Matcher date) {
        LocalDate day = LocalDate.parse(date.group(1) + (date.group(2) == null ? "-01" : date.group(2)));
        LocalTime time = date.group(3) == null ? LocalTime.MIDNIGHT : LocalTime.parse(date.group(3));
        ZoneOffset zone = date.group(4) == null ? ZoneOffset.UTC : ZoneOffset.of(date.group(4));
        return ChronoUnit.MICROS.between(Instant.EPOCH, day.atTime(time).toInstant(zone));
    }

    /** Returns an unsigned number that grows with the time. */
    long place() {
        // Adding 0 turns -0 into 0.
        long bits = Double.doubleToLongBits(value + 0.0);
        return bits ^ ((bits >> (Long.SIZE - 1)) & Long.MAX_VALUE) ^ Long.MIN_VALUE;
    }

    /** Returns the time that {@link #place} maps to a number. */
    public static RowTime of(long place, Kind kind) {
        long signed = place ^ Long.MIN_VALUE;
        long bits = signed ^ ((signed >> (Long.SIZE - 1)) & Long.MAX_VALUE);
        return new RowTime(Double.longBitsToDouble(bits), kind);
    }

    /** Returns a text for people. A date at midnight has no time of day. */
    @Override
    public String toString() {
        if (kind == Kind.NUMBER) {
            return value == Math.rint(value) && Math.abs(value) < 1e15
                    ? String.valueOf((long) value)
                    : String.valueOf(value);
        }
        Instant instant = Instant.EPOCH.plus((long) value, ChronoUnit.MICROS);
        return instant.equals(instant.truncatedTo(ChronoUnit.DAYS))
                ? instant.atZone(ZoneOffset.UTC).toLocalDate().toString()
                : instant.toString();
    }
}
