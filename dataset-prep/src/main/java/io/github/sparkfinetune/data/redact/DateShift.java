package io.github.sparkfinetune.data.redact;

import io.github.sparkfinetune.data.redact.find.WrittenDate;
import io.github.sparkfinetune.data.redact.find.WrittenDate.Part;
import java.time.LocalDate;
import java.time.format.TextStyle;
import java.util.Locale;

/** Moves a date by whole days, and writes it as it was written. */
final class DateShift {
    private DateShift() {}

    /** Returns the moved date, or null for a text that names no day. */
    static String moved(String text, int days) {
        WrittenDate written = WrittenDate.of(text);
        LocalDate day = written == null ? null : written.day(text);
        if (day == null) {
            return null;
        }
        LocalDate moved = day.plusDays(days);
        StringBuilder result = new StringBuilder();
        int copied = 0;
        for (int at = 0; at < text.length(); at++) {
            Part part = at == written.day().start()
                    ? written.day()
                    : at == written.month().start()
                            ? written.month()
                            : at == written.year().start() ? written.year() : null;
            if (part != null) {
                result.append(text, copied, at).append(part(text, part, written, moved));
                copied = part.end();
            }
        }
        return result.append(text, copied, text.length()).toString();
    }

    private static String part(String text, Part part, WrittenDate written, LocalDate moved) {
        int width = part.end() - part.start();
        if (part.equals(written.month()) && written.isNamed(text)) {
            return name(text.substring(part.start(), part.end()), moved);
        }
        int number = part.equals(written.day())
                ? moved.getDayOfMonth()
                : part.equals(written.month())
                        ? moved.getMonthValue()
                        : width == 2 ? moved.getYear() % 100 : moved.getYear();
        boolean padded = part.equals(written.year())
                || written.year().start() == 0
                || text.charAt(written.day().start()) == '0'
                || text.charAt(written.month().start()) == '0';
        return padded ? String.format(Locale.ROOT, "%0" + width + "d", number) : String.valueOf(number);
    }

    /** Returns the month's name, of three letters or whole, in the case of another. */
    private static String name(String like, LocalDate date) {
        String whole = date.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
        // May is both short and whole.
        String name = like.length() == 3 && !like.equalsIgnoreCase("may") ? whole.substring(0, 3) : whole;
        if (Character.isLowerCase(like.charAt(0))) {
            return name.toLowerCase(Locale.ROOT);
        }
        return like.equals(like.toUpperCase(Locale.ROOT)) ? name.toUpperCase(Locale.ROOT) : name;
    }
}
