package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.io.Serializable;

/**
 * Part of a text that is an entity.
 *
 * @param start first UTF-16 unit
 * @param end unit after the last
 * @param entity name of the entity
 */
public record Span(int start, int end, String entity) implements Serializable {
    public Span {
        if (start < 0 || start >= end || entity == null) {
            throw new IllegalArgumentException("span from " + start + " to " + end + " of " + entity);
        }
    }

    /** Makes a span that a rule found. */
    public Span(int start, int end, Entity entity) {
        this(start, end, entity.name());
    }

    /** Returns the number of UTF-16 units. */
    public int length() {
        return end - start;
    }
}
