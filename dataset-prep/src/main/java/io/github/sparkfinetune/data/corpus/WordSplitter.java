package io.github.sparkfinetune.data.corpus;

import java.util.Arrays;
import java.util.Set;

/**
 * Splits English text into words by the rules of spaCy's English tokenizer, in one pass and without regular
 * expressions: text between white space loses punctuation, quotes, currency signs and units at its ends, a token each,
 * and what is left is one word if it is a {@link SpecialWords special one} or a {@link WebAddress}, else it is split at
 * punctuation inside. The published thresholds of the filters were chosen with these words. Not for concurrent use.
 */
final class WordSplitter {
    private static final Set<String> UNITS = Set.of(
            ("km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa"
                            + " Pa mbar mb MB kb KB gb GB tb TB T G M K %")
                    .split(" "));
    private static final int LONGEST_UNIT = 4;
    private static final int LONGEST_JOINED = 5;

    private final int[] word = new int[SpecialWords.LONGEST];
    private int[] suffixes = new int[16];
    private int suffixCount;
    private int[] text;
    private Words words;

    /** Adds the words of text in [from, to), white space left out. */
    void split(int[] codePoints, int from, int to, Words found) {
        text = codePoints;
        words = found;
        int at = from;
        while (at < to) {
            if (CharClass.is(text[at], CharClass.SPACE)) {
                at++;
                continue;
            }
            int start = at;
            boolean letters = true;
            for (; at < to; at++) {
                int flags = CharClass.of(text[at]);
                if ((flags & CharClass.SPACE) != 0) {
                    break;
                }
                letters &= (flags & CharClass.LETTER) != 0;
            }
            if (letters) {
                whole(start, at);
            } else {
                split(start, at);
            }
        }
    }

    private void whole(int start, int end) {
        long hash = Hashes.of(text, start, end);
        int pieces = end - start <= SpecialWords.LONGEST ? SpecialWords.pieces(hash) : 0;
        if (pieces == 0) {
            words.add(start, end, hash);
        } else {
            addPieces(start, pieces);
        }
    }

    private void add(int start, int end) {
        words.add(start, end, Hashes.of(text, start, end));
    }

    private void addPieces(int from, int found) {
        int start = from;
        for (int pieces = found; SpecialWords.more(pieces); pieces = SpecialWords.rest(pieces)) {
            int end = start + SpecialWords.length(pieces);
            add(start, end);
            start = end;
        }
    }

    /** The pieces of a special word, or 0. */
    private int special(int start, int end) {
        int length = end - start;
        if (length > SpecialWords.LONGEST) {
            return 0;
        }
        int apostrophes = 0;
        for (int i = 0; i < length; i++) {
            int codePoint = text[start + i];
            apostrophes |= codePoint == '’' ? 1 : codePoint == '\'' ? 2 : 0;
            word[i] = codePoint == '’' ? '\'' : codePoint;
        }
        if (apostrophes == 3) {
            return 0;
        }
        return SpecialWords.pieces(Hashes.of(word, 0, length));
    }

    private void split(int from, int to) {
        int start = from;
        int end = to;
        int first = words.size();
        suffixCount = 0;
        int before = -1;
        while (start < end && end - start != before && special(start, end) == 0) {
            before = end - start;
            int prefix = prefix(start, end);
            if (prefix != 0 && start + prefix < end && special(start + prefix, end) != 0) {
                add(start, start + prefix);
                start += prefix;
                break;
            }
            int suffix = suffix(start + prefix, end);
            if (suffix != 0 && suffix < end - start && special(start, end - suffix) != 0) {
                pushSuffix(end);
                end -= suffix;
                break;
            }
            if (prefix != 0) {
                add(start, start + prefix);
                start += prefix;
            }
            if (suffix != 0) {
                pushSuffix(end);
                end -= suffix;
            }
        }
        if (start < end) {
            middle(start, end);
        }
        int suffixStart = end;
        while (suffixCount > 0) {
            int suffixEnd = suffixes[--suffixCount];
            add(suffixStart, suffixEnd);
            suffixStart = suffixEnd;
        }
        join(first);
    }

    /** Joins two or three words, from the {@code first} on, that were split apart and are a special word together. */
    private void join(int first) {
        int kept = first;
        int size = words.size();
        for (int i = first; i < size; i++) {
            int last = i;
            for (int more = Math.min(i + 2, size - 1); more > i && last == i; more--) {
                int length = words.end(more) - words.start(i);
                boolean joined =
                        length <= LONGEST_JOINED && SpecialWords.isWhole(special(words.start(i), words.end(more)));
                last = joined ? more : i;
            }
            if (last > i) {
                words.set(kept++, words.start(i), words.end(last), Hashes.of(text, words.start(i), words.end(last)));
            } else {
                words.set(kept++, words.start(i), words.end(i), words.hash(i));
            }
            i = last;
        }
        words.truncate(kept);
    }

    private void pushSuffix(int end) {
        if (suffixCount == suffixes.length) {
            suffixes = Arrays.copyOf(suffixes, 2 * suffixCount);
        }
        suffixes[suffixCount++] = end;
    }

    private void middle(int start, int end) {
        int pieces = special(start, end);
        if (pieces != 0) {
            addPieces(start, pieces);
            return;
        }
        if (WebAddress.matches(text, start, end)) {
            add(start, end);
            return;
        }
        int piece = start;
        int at = start;
        while (at < end) {
            int infix = infix(start, end, at);
            if (infix > 0 && at > start) {
                if (at > piece) {
                    add(piece, at);
                }
                add(at, at + infix);
                piece = at + infix;
            }
            at += Math.max(1, infix);
        }
        if (piece < end) {
            add(piece, end);
        }
    }

    private boolean is(int place, int flags) {
        return CharClass.is(text[place], flags);
    }

    private boolean between(int start, int end, int place, int before, int after) {
        return place > start && place + 1 < end && is(place - 1, before) && is(place + 1, after);
    }

    /** How many full stops follow each other from here. */
    private int stops(int from, int end) {
        int at = from;
        while (at < end && text[at] == '.') {
            at++;
        }
        return at - from;
    }

    /** Length of the token that begins the text, or 0. */
    private int prefix(int start, int end) {
        int first = text[start];
        if (CharClass.is(first, CharClass.PREFIX)) {
            return 1;
        }
        return switch (first) {
            case '.' -> stops(start, end) > 1 ? stops(start, end) : 0;
            case '+' -> start + 1 < end && is(start + 1, CharClass.DIGIT) ? 0 : 1;
            case 'U' -> start + 2 < end && text[start + 1] == 'S' && text[start + 2] == '$' ? 3 : 0;
            case 'A', 'C' -> start + 1 < end && text[start + 1] == '$' ? 2 : 0;
            default -> 0;
        };
    }

    /** Length of the token that ends the text, or 0. */
    private int suffix(int start, int end) {
        if (start >= end) {
            return 0;
        }
        int last = text[end - 1];
        boolean afterDigit = end - 2 >= start && is(end - 2, CharClass.DIGIT);
        if (CharClass.is(last, CharClass.SUFFIX)) {
            return last == '…' && end - 2 >= start && text[end - 2] == '…' ? 2 : 1;
        }
        if ((last == 's' || last == 'S') && end - 2 >= start && (text[end - 2] == '\'' || text[end - 2] == '’')) {
            return 2;
        }
        if (last == '.') {
            return stopSuffix(start, end);
        }
        if (afterDigit && (last == '+' || CharClass.is(last, CharClass.CURRENCY))) {
            return 1;
        }
        return unit(start, end);
    }

    private int stopSuffix(int start, int end) {
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
        boolean ends = is(at - 1, CharClass.DIGIT | CharClass.NOT_UPPER | CharClass.BEFORE_STOP)
                || (at - 2 >= start && is(at - 1, CharClass.NOT_LOWER) && is(at - 2, CharClass.NOT_LOWER))
                || (at - 2 >= start && text[at - 2] == '°' && "FfCcKk".indexOf(text[at - 1]) >= 0);
        return ends ? 1 : 0;
    }

    /** Length of a unit after a digit. */
    private int unit(int start, int end) {
        int at = end;
        while (at > start && end - at <= LONGEST_UNIT && !is(at - 1, CharClass.DIGIT)) {
            at--;
        }
        boolean after = at > start && at < end && is(at - 1, CharClass.DIGIT);
        return after && UNITS.contains(new String(text, at, end - at)) ? end - at : 0;
    }

    /** Length of the token that splits the text here, or 0. */
    private int infix(int start, int end, int at) {
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
                int stops = stops(at, end);
                boolean sentence = between(
                        start, end, at, CharClass.NOT_UPPER | CharClass.QUOTE, CharClass.NOT_LOWER | CharClass.QUOTE);
                yield stops > 1 ? stops : sentence ? 1 : 0;
            }
            case ',' -> between(start, end, at, CharClass.LETTER, CharClass.LETTER) ? 1 : 0;
            case '+', '*', '^' -> arithmetic(start, end, at) ? 1 : 0;
            case '-' -> arithmetic(start, end, at) ? 1 : dashes(start, end, at, 3);
            case '—' -> dashes(start, end, at, 2);
            case '–', '~' -> dashes(start, end, at, 1);
            default -> between(start, end, at, CharClass.LETTER | CharClass.DIGIT, CharClass.LETTER) ? 1 : 0;
        };
    }

    private boolean arithmetic(int start, int end, int at) {
        return at > start
                && at + 1 < end
                && is(at - 1, CharClass.DIGIT)
                && (is(at + 1, CharClass.DIGIT) || text[at + 1] == '-');
    }

    /** Length of a dash of up to so many equal characters between letters, the first of which may be a digit. */
    private int dashes(int start, int end, int at, int most) {
        int next = at;
        while (next < end && next - at < most && text[next] == text[at]) {
            next++;
        }
        boolean inside = at > start && is(at - 1, CharClass.LETTER | CharClass.DIGIT);
        return inside && next < end && is(next, CharClass.LETTER) ? next - at : 0;
    }
}
