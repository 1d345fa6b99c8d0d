package io.github.sparkfinetune.data.tag;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * An entity in a text.
 *
 * @param start first character
 * @param end character after the last
 * @param label type of the entity
 */
record Span(int start, int end, String label) {
    /** Reason: two spans share a character. */
    static final String OVERLAPPING = "overlapping_spans";
    /** Reason: a span begins or ends inside a word. */
    static final String CUTS_WORD = "span_cuts_word";

    /** Returns the span without white space at its ends. */
    Span stripped(String text) {
        int from = start;
        int to = end;
        while (from < to && Words.isSpace(text.charAt(from))) {
            from++;
        }
        while (from < to && Words.isSpace(text.charAt(to - 1))) {
            to--;
        }
        return new Span(from, to, label);
    }

    /**
     * Returns a tag for each word.
     *
     * @param spans spans of whole words, in UTF-16 units
     */
    static List<String> tags(Words words, List<Span> spans) throws UnusableRowException {
        List<Span> sorted = new ArrayList<>(spans);
        sorted.sort(Comparator.comparingInt(Span::start));
        List<String> tags = new ArrayList<>(Collections.nCopies(words.size(), Iob2.OUTSIDE));
        int free = 0;
        for (Span span : sorted) {
            if (span.start < free) {
                throw new UnusableRowException(OVERLAPPING);
            }
            free = span.end;
            int first = Arrays.binarySearch(words.starts(), span.start);
            int last = Arrays.binarySearch(words.ends(), span.end);
            if (first < 0 || last < 0) {
                throw new UnusableRowException(CUTS_WORD);
            }
            List<String> entity = Iob2.entity(span.label, last - first + 1);
            for (int word = first; word <= last; word++) {
                tags.set(word, entity.get(word - first));
            }
        }
        return tags;
    }
}
