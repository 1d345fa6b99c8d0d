package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Finds the entities of a text by rules: forms, check digits and numbering plans. Rules miss what has no form, such as
 * names, which a model finds. Spans that overlap become one span, which the longest names. Not for concurrent use.
 */
public final class EntityFinder {
    private final List<Recogniser> recognisers;

    /**
     * @param entities names of the entities to find; those that no rule finds are left to the model
     * @param phoneRegions countries, by their two letters, whose telephone numbers need no +
     */
    public EntityFinder(Collection<String> entities, Collection<String> phoneRegions) {
        // In the order of the constants: telephone numbers are the last, and are looked for in what is left.
        this.recognisers = entities.stream()
                .flatMap(name -> Entity.named(name).stream())
                .sorted()
                .map(entity -> Recognisers.of(entity, phoneRegions))
                .toList();
    }

    /** Returns the spans that rules find in a text, in their order; no two share a character. */
    public List<Span> find(String text) {
        return find(text, List.of());
    }

    /**
     * Returns the spans that rules and a model find in a text, in their order; no two share a character.
     *
     * @param byModel spans that a model found in the text
     */
    public List<Span> find(String text, List<Span> byModel) {
        ScannedText scanned = new ScannedText(text);
        List<Span> found = new ArrayList<>();
        recognisers.forEach(recogniser -> recogniser.find(scanned, found));
        found.addAll(byModel);
        return found.size() < 2 ? List.copyOf(found) : Overlaps.merged(found);
    }
}
