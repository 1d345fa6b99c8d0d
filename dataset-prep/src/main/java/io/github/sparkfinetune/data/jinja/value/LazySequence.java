package io.github.sparkfinetune.data.jinja.value;

import java.util.Iterator;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Python's generator, the result of {@code map} and {@code selectattr}. It computes each element once, when it is
 * reached, and has no length.
 */
public final class LazySequence implements Iterator<Object> {
    private static final Object UNKNOWN = new Object();

    private final Limits limits;
    private final Iterator<Object> source;
    private final Predicate<Object> filter;
    private final Function<Object, Object> map;
    private Object next = UNKNOWN;

    private LazySequence(
            Limits limits, Iterator<Object> source, Predicate<Object> filter, Function<Object, Object> map) {
        this.limits = limits;
        this.source = source;
        this.filter = filter;
        this.map = map;
    }

    public static LazySequence of(Limits limits, Iterator<Object> source) {
        return new LazySequence(limits, source, x -> true, x -> x);
    }

    public static LazySequence filtered(Limits limits, Iterator<Object> source, Predicate<Object> filter) {
        return new LazySequence(limits, source, filter, x -> x);
    }

    public static LazySequence mapped(Limits limits, Iterator<Object> source, Function<Object, Object> map) {
        return new LazySequence(limits, source, x -> true, map);
    }

    @Override
    public boolean hasNext() {
        limits.enter();
        try {
            while (next == UNKNOWN && source.hasNext()) {
                limits.step();
                Object element = source.next();
                if (filter.test(element)) {
                    next = map.apply(element);
                }
            }
            return next != UNKNOWN;
        } finally {
            limits.leave();
        }
    }

    @Override
    public Object next() {
        if (!hasNext()) {
            throw new java.util.NoSuchElementException();
        }
        Object element = next;
        next = UNKNOWN;
        return element;
    }
}
