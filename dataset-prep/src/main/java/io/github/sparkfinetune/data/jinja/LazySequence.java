package io.github.sparkfinetune.data.jinja;

import java.util.Iterator;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Python's generator, as {@code map} and {@code selectattr} give it: elements are computed when they are asked for,
 * once, and it has no length.
 */
final class LazySequence implements Iterator<Object> {
    private static final Object UNKNOWN = new Object();

    private final Run run;
    private final Iterator<Object> source;
    private final Predicate<Object> filter;
    private final Function<Object, Object> map;
    private Object next = UNKNOWN;

    private LazySequence(Run run, Iterator<Object> source, Predicate<Object> filter, Function<Object, Object> map) {
        this.run = run;
        this.source = source;
        this.filter = filter;
        this.map = map;
    }

    static LazySequence of(Run run, Iterator<Object> source) {
        return new LazySequence(run, source, x -> true, x -> x);
    }

    static LazySequence filtered(Run run, Iterator<Object> source, Predicate<Object> filter) {
        return new LazySequence(run, source, filter, x -> x);
    }

    static LazySequence mapped(Run run, Iterator<Object> source, Function<Object, Object> map) {
        return new LazySequence(run, source, x -> true, map);
    }

    @Override
    public boolean hasNext() {
        run.enter();
        try {
            while (next == UNKNOWN && source.hasNext()) {
                run.step();
                Object element = source.next();
                if (filter.test(element)) {
                    next = map.apply(element);
                }
            }
            return next != UNKNOWN;
        } finally {
            run.leave();
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
