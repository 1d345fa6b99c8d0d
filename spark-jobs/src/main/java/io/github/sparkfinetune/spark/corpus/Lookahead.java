package io.github.sparkfinetune.spark.corpus;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** Iterator that computes one element ahead. */
public abstract class Lookahead<T> implements Iterator<T> {
    private T next;

    /** Returns the next element, or null at the end. */
    protected abstract T advance();

    @Override
    public final boolean hasNext() {
        if (next == null) {
            next = advance();
        }
        return next != null;
    }

    @Override
    public final T next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        T element = next;
        next = null;
        return element;
    }
}
