package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;

/**
 * Part of a text that is an entity.
 *
 * @param start first UTF-16 unit
 * @param end unit after the last
 * @param entity kind of the entity
 */
public record Span(int start, int end, Entity entity) {
    public Span {
        if (start < 0 || start >= end || entity == null) {
            throw new IllegalArgumentException("span from " + start + " to " + end + " of " + entity);
        }
    }

    /** Returns the number of UTF-16 units. */
    public int length() {
        return end - start;
    }
}
