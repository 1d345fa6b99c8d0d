package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/** {@code strftime_now}: the local time by Python's {@code strftime} codes, with English names. */
final class StrftimeNow {
    private static final Map<Character, String> PATTERNS = Map.ofEntries(
            Map.entry('Y', "uuuu"),
            Map.entry('y', "uu"),
            Map.entry('m', "MM"),
            Map.entry('d', "dd"),
            Map.entry('H', "HH"),
            Map.entry('I', "hh"),
            Map.entry('M', "mm"),
            Map.entry('S', "ss"),
            Map.entry('f', "SSSSSS"),
            Map.entry('p', "a"),
            Map.entry('j', "DDD"),
            Map.entry('A', "EEEE"),
            Map.entry('a', "EEE"),
            Map.entry('B', "MMMM"),
            Map.entry('b', "MMM"),
            Map.entry('F', "uuuu-MM-dd"),
            Map.entry('T', "HH:mm:ss"),
            Map.entry('R', "HH:mm"),
            Map.entry('D', "MM/dd/uu"));

    private StrftimeNow() {}

    static String format(Limits limits, String format, LocalDateTime time) {
        limits.text(format.length());
        StringBuilder to = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                to.append(c);
                continue;
            }
            boolean unpadded = format.startsWith("-", i + 1);
            i += unpadded ? 2 : 1;
            char code = i < format.length() ? format.charAt(i) : ' ';
            if (code == '%' && !unpadded) {
                to.append('%');
            } else if (PATTERNS.containsKey(code)) {
                String text = DateTimeFormatter.ofPattern(PATTERNS.get(code), Locale.ENGLISH)
                        .format(time);
                to.append(unpadded ? text.replaceFirst("^0+(?=.)", "") : text);
            } else {
                throw new TemplateFault("strftime_now('" + format + "'): %" + code + " is not supported");
            }
        }
        return to.toString();
    }
}
