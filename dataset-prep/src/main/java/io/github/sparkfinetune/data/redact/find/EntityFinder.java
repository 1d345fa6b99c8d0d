package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Finds the entities of a text by rules: forms, check digits and numbering plans. Rules miss what has no form, such as
 * names. Spans that overlap become one span, which the longest names. Not for concurrent use.
 */
public final class EntityFinder {
    private final List<Recogniser> recognisers;

    /**
     * @param entities entities to find
     * @param phoneRegions countries, by their two letters, whose telephone numbers need no +
     */
    public EntityFinder(Collection<Entity> entities, Collection<String> phoneRegions) {
        // In the order of the constants: telephone numbers are the last, and are looked for in what is left.
        this.recognisers = entities.stream()
                .sorted()
                .map(entity -> Recognisers.of(entity, phoneRegions))
                .toList();
    }

    /** Returns the spans of a text in their order; no two share a character. */
    public List<Span> find(String text) {
        ScannedText scanned = new ScannedText(text);
        List<Span> found = new ArrayList<>();
        recognisers.forEach(recogniser -> recogniser.find(scanned, found));
        return found.size() < 2 ? List.copyOf(found) : Overlaps.merged(found);
    }
}
