package io.github.sparkfinetune.data.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/** The variable {@code loop}; it walks its elements one ahead at most, so a filter of the loop is asked late. */
final class Loop {
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

    private final Run run;
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
    Loop(Run run, Object iterable) {
        this.run = run;
        this.iterable = iterable;
        this.iterator = Values.iterator(iterable);
    }

    /** Goes to the next element; false at the end. */
    boolean advance() {
        run.step();
        if (!peek()) {
            return false;
        }
        peeked = false;
        index0++;
        before = current;
        current = after;
        return true;
    }

    Object current() {
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
                List<Object> rest = Values.list(run, LazySequence.of(run, iterator));
                iterator = rest.iterator();
                length = rest.size() + index0 + 1 + (peeked ? 1 : 0);
            } else {
                length = Values.length(run, iterable);
            }
        }
        return length;
    }

    /** Value of one of {@link #ATTRIBUTES}, which may be null; null for any other name. */
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
                    boolean differs = changed == this || !Comparison.equal(run, changed, value);
                    changed = value;
                    return differs;
                });
            default -> null;
        };
    }
}
