package io.github.sparkfinetune.data.jinja;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Filters of sequences as a whole. */
final class SequenceFilters {
    private SequenceFilters() {}

    static Object first(Object value, Arguments arguments, Run run) {
        arguments.bind("first", 0);
        Iterator<Object> items = Values.iterator(value);
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    static Object last(Object value, Arguments arguments, Run run) {
        arguments.bind("last", 0);
        if (value instanceof LazySequence) {
            throw new TemplateFault("'generator' object is not reversible");
        }
        List<Object> items = Values.list(run, value);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.get(items.size() - 1);
    }

    static Object reverse(Object value, Arguments arguments, Run run) {
        arguments.bind("reverse", 0);
        if (value instanceof String) {
            return Slicing.slice(run, value, null, null, -1L);
        }
        List<Object> items = Values.list(run, value);
        Collections.reverse(items);
        return value instanceof LazySequence ? items : LazySequence.of(run, items.iterator());
    }

    static Object join(Object value, Arguments arguments, Run run) {
        Arguments.Bound bound = arguments.bind("join", 0, "d", "attribute");
        String separator = Repr.string(run, bound.get(0, ""));
        Object attribute = bound.get(1, null);
        StringBuilder joined = new StringBuilder();
        boolean first = true;
        for (Iterator<Object> items = Values.iterator(value); items.hasNext(); first = false) {
            Object item = items.next();
            run.append(joined, first ? "" : separator);
            Object part = attribute == null ? item : SelectionFilters.path(run, item, attribute, null);
            run.append(joined, Repr.string(run, part));
        }
        return joined.toString();
    }

    static Object items(Run run, Object value) {
        if (value instanceof Undefined) {
            return LazySequence.of(run, Collections.emptyIterator());
        } else if (value instanceof Map<?, ?> map) {
            run.list(map.size());
            return LazySequence.of(run, MapMethods.items(map).iterator());
        }
        throw new TemplateFault("Can only get item pairs from a mapping.");
    }
}
