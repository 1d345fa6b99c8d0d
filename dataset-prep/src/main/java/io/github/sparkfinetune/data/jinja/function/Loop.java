package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Comparison;
import io.github.sparkfinetune.data.jinja.value.LazySequence;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/** The variable {@code loop}. It reads at most one element ahead, so that a filter on the loop is evaluated lazily. */
public final class Loop {
    static final Set<String> ATTRIBUTES = Set.of(
            "index",
            "index0",
            "revindex",
            "revindex0",
            "first",
            "last",
            "length",
            "previtem",
            "nextitem",
            "depth",
            "depth0",
            "cycle",
            "changed");

    private final Limits limits;
    private final Object iterable;
    private Iterator<Object> iterator;
    private long index0 = -1;
    private long length = -1;
    private boolean peeked;
    private Object after;
    private Object current;
    private Object before;
    private Object changed = this;

    /** @param iterable a value that can be iterated */
    public Loop(Limits limits, Object iterable) {
        this.limits = limits;
        this.iterable = iterable;
        this.iterator = Values.iterator(iterable);
    }

    /** Moves to the next element; returns false at the end. */
    public boolean advance() {
        limits.step();
        if (!peek()) {
            return false;
        }
        peeked = false;
        index0++;
        before = current;
        current = after;
        return true;
    }

    public Object current() {
        return current;
    }

    private boolean peek() {
        if (!peeked && iterator.hasNext()) {
            after = iterator.next();
            peeked = true;
        }
        return peeked;
    }

    private long length() {
        if (length < 0) {
            if (iterable instanceof LazySequence) {
                List<Object> rest = Values.list(limits, LazySequence.of(limits, iterator));
                iterator = rest.iterator();
                length = rest.size() + index0 + 1 + (peeked ? 1 : 0);
            } else {
                length = Values.length(limits, iterable);
            }
        }
        return length;
    }

    /** Returns the value of one of {@link #ATTRIBUTES}, which may be null; null for any other name. */
    Object attribute(String name) {
        return switch (name) {
            case "index" -> index0 + 1;
            case "index0" -> index0;
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index0 - 1;
            case "first" -> index0 == 0;
            case "last" -> !peek();
            case "length" -> length();
            case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : before;
            case "nextitem" -> peek() ? after : new Undefined("there is no next item");
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "cycle" ->
                new Callee("cycle", (ignored, arguments) -> {
                    List<Object> values = arguments.positional();
                    if (values.isEmpty()) {
                        throw new TemplateFault("no items for cycling given");
                    }
                    return values.get((int) (index0 % values.size()));
                });
            case "changed" ->
                new Callee("changed", (ignored, arguments) -> {
                    Object value = new Tuple(new ArrayList<>(arguments.positional()));
                    boolean differs = changed == this || !Comparison.equal(limits, changed, value);
                    changed = value;
                    return differs;
                });
            default -> null;
        };
    }
}
