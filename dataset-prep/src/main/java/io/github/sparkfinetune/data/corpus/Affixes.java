package io.github.sparkfinetune.data.corpus;

import java.util.Set;

/** Tokens at the ends and inside of a word, by the rules of spaCy's English tokenizer, in text without white space. */
final class Affixes {
    private static final Set<String> UNITS = Set.of(
            ("km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa"
                            + " Pa mbar mb MB kb KB gb GB tb TB T G M K %")
                    .split(" "));
    private static final int LONGEST_UNIT = 4;

    private Affixes() {}

    private static boolean is(int[] text, int place, int flags) {
        return CharClass.is(text[place], flags);
    }

    private static boolean between(int[] text, int start, int end, int place, int before, int after) {
        return place > start && place + 1 < end && is(text, place - 1, before) && is(text, place + 1, after);
    }

    /** Counts the full stops in a row from a place on. */
    private static int stops(int[] text, int from, int end) {
        int at = from;
        while (at < end && text[at] == '.') {
            at++;
        }
        return at - from;
    }

    /** Returns the length of the token that begins the text, or 0. */
    static int prefix(int[] text, int start, int end) {
        int first = text[start];
        if (CharClass.is(first, CharClass.PREFIX)) {
            return 1;
        }
        return switch (first) {
            case '.' -> stops(text, start, end) > 1 ? stops(text, start, end) : 0;
            case '+' -> start + 1 < end && is(text, start + 1, CharClass.DIGIT) ? 0 : 1;
            case 'U' -> start + 2 < end && text[start + 1] == 'S' && text[start + 2] == '$' ? 3 : 0;
            case 'A', 'C' -> start + 1 < end && text[start + 1] == '$' ? 2 : 0;
            default -> 0;
        };
    }

    /** Returns the length of the token that ends the text, or 0. */
    static int suffix(int[] text, int start, int end) {
        if (start >= end) {
            return 0;
        }
        int last = text[end - 1];
        boolean afterDigit = end - 2 >= start && is(text, end - 2, CharClass.DIGIT);
        if (CharClass.is(last, CharClass.SUFFIX)) {
            return last == '…' && end - 2 >= start && text[end - 2] == '…' ? 2 : 1;
        }
        if ((last == 's' || last == 'S') && end - 2 >= start && (text[end - 2] == '\'' || text[end - 2] == '’')) {
            return 2;
        }
        if (last == '.') {
            return stopSuffix(text, start, end);
        }
        if (afterDigit && (last == '+' || CharClass.is(last, CharClass.CURRENCY))) {
            return 1;
        }
        return unit(text, start, end);
    }

    private static int stopSuffix(int[] text, int start, int end) {
        int at = end - 1;
        while (at > start && text[at - 1] == '.') {
            at--;
        }
        if (end - at > 1) {
            return end - at;
        }
        if (at == start) {
            return 0;
        }
        boolean ends = is(text, at - 1, CharClass.DIGIT | CharClass.NOT_UPPER | CharClass.BEFORE_STOP)
                || (at - 2 >= start && is(text, at - 1, CharClass.NOT_LOWER) && is(text, at - 2, CharClass.NOT_LOWER))
                || (at - 2 >= start && text[at - 2] == '°' && "FfCcKk".indexOf(text[at - 1]) >= 0);
        return ends ? 1 : 0;
    }

    /** Returns the length of a unit after a digit. */
    private static int unit(int[] text, int start, int end) {
        int at = end;
        while (at > start && end - at <= LONGEST_UNIT && !is(text, at - 1, CharClass.DIGIT)) {
            at--;
        }
        boolean after = at > start && at < end && is(text, at - 1, CharClass.DIGIT);
        return after && UNITS.contains(new String(text, at, end - at)) ? end - at : 0;
    }

    /** Returns the length of the token that splits the text at a place, or 0. */
    static int infix(int[] text, int start, int end, int at) {
        int flags = CharClass.of(text[at]);
        if ((flags & CharClass.ICON) != 0) {
            return 1;
        }
        if ((flags & CharClass.INFIX) == 0) {
            return 0;
        }
        return switch (text[at]) {
            case '…' -> 1;
            case '.' -> {
                int stops = stops(text, at, end);
                boolean sentence = between(
                        text,
                        start,
                        end,
                        at,
                        CharClass.NOT_UPPER | CharClass.QUOTE,
                        CharClass.NOT_LOWER | CharClass.QUOTE);
                yield stops > 1 ? stops : sentence ? 1 : 0;
            }
            case ',' -> between(text, start, end, at, CharClass.LETTER, CharClass.LETTER) ? 1 : 0;
            case '+', '*', '^' -> arithmetic(text, start, end, at) ? 1 : 0;
            case '-' -> arithmetic(text, start, end, at) ? 1 : dashes(text, start, end, at, 3);
            case '—' -> dashes(text, start, end, at, 2);
            case '–', '~' -> dashes(text, start, end, at, 1);
            default -> between(text, start, end, at, CharClass.LETTER | CharClass.DIGIT, CharClass.LETTER) ? 1 : 0;
        };
    }

    private static boolean arithmetic(int[] text, int start, int end, int at) {
        return at > start
                && at + 1 < end
                && is(text, at - 1, CharClass.DIGIT)
                && (is(text, at + 1, CharClass.DIGIT) || text[at + 1] == '-');
    }

    /** Returns the length of a dash of at most so many equal characters, between a letter or digit and a letter. */
    private static int dashes(int[] text, int start, int end, int at, int most) {
        int next = at;
        while (next < end && next - at < most && text[next] == text[at]) {
            next++;
        }
        boolean inside = at > start && is(text, at - 1, CharClass.LETTER | CharClass.DIGIT);
        return inside && next < end && is(text, next, CharClass.LETTER) ? next - at : 0;
    }
}
