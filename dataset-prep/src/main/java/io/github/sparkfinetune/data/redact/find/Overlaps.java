package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Merges spans that overlap. Spans that share a character become one span over all of them, so that no part of any
 * stays in a text. The longest names the entity; of spans of equal length the one whose entity comes first.
 */
final class Overlaps {
    private static final Comparator<Span> BY_START = Comparator.comparingInt(Span::start);
    private static final Comparator<Span> BY_NAME =
            Comparator.comparingInt(Span::length).reversed().thenComparing(Span::entity, Entity.ORDER);

    private Overlaps() {}

    /** Returns spans in their order that share no character. */
    static List<Span> merged(List<Span> spans) {
        List<Span> sorted = new ArrayList<>(spans);
        sorted.sort(BY_START);
        List<Span> merged = new ArrayList<>();
        int first = 0;
        while (first < sorted.size()) {
            Span name = sorted.get(first);
            int end = name.end();
            int next = first + 1;
            while (next < sorted.size() && sorted.get(next).start() < end) {
                Span other = sorted.get(next++);
                end = Math.max(end, other.end());
                name = BY_NAME.compare(other, name) < 0 ? other : name;
            }
            merged.add(new Span(sorted.get(first).start(), end, name.entity()));
            first = next;
        }
        return merged;
    }
}
