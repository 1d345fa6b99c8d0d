package io.github.sparkfinetune.data.corpus;

import java.util.Arrays;

/**
 * Splits English text into words by the rules of spaCy's English tokenizer, in one pass and without regular
 * expressions. Not for concurrent use.
 *
 * <p>Text between white space loses punctuation, quotes, currency signs and units at its ends; each is a token. The
 * rest is one word if it is a {@link SpecialWords special word} or a {@link WebAddress}, else it is split at
 * punctuation inside. The published thresholds of the filters were chosen with these words.
 */
final class WordSplitter {
    private static final int LONGEST_JOINED = 5;

    private final int[] word = new int[SpecialWords.LONGEST];
    private int[] suffixes = new int[16];
    private int suffixCount;
    private int[] text;
    private Words words;

    /** Adds the words of text in [from, to), without white space. */
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

    /** Returns the pieces of a special word, or 0. */
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
        int pieces = start < end ? special(start, end) : 0;
        while (start < end && end - start != before && pieces == 0) {
            before = end - start;
            int prefix = Affixes.prefix(text, start, end);
            int rest = prefix != 0 && start + prefix < end ? special(start + prefix, end) : 0;
            if (rest != 0) {
                add(start, start + prefix);
                start += prefix;
                pieces = rest;
                break;
            }
            int suffix = Affixes.suffix(text, start + prefix, end);
            rest = suffix != 0 && suffix < end - start ? special(start, end - suffix) : 0;
            if (rest != 0) {
                pushSuffix(end);
                end -= suffix;
                pieces = rest;
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
            pieces = start < end && end - start != before ? special(start, end) : 0;
        }
        if (start < end) {
            middle(start, end, pieces);
        }
        int suffixStart = end;
        while (suffixCount > 0) {
            int suffixEnd = suffixes[--suffixCount];
            add(suffixStart, suffixEnd);
            suffixStart = suffixEnd;
        }
        join(first);
    }

    /** Joins the two or three words from {@code first} on if they are a special word that was split. */
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

    /** @param pieces pieces of the special word that the text is, or 0 */
    private void middle(int start, int end, int pieces) {
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
            int infix = Affixes.infix(text, start, end, at);
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
}
