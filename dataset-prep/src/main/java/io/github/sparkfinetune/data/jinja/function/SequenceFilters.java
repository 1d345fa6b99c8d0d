package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.LazySequence;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Repr;
import io.github.sparkfinetune.data.jinja.value.Slicing;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Filters of sequences as a whole. */
final class SequenceFilters {
    private SequenceFilters() {}

    static Object first(Object value, Arguments arguments, Limits limits) {
        arguments.bind("first", 0);
        Iterator<Object> items = Values.iterator(value);
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    static Object last(Object value, Arguments arguments, Limits limits) {
        arguments.bind("last", 0);
        if (value instanceof LazySequence) {
            throw new TemplateFault("'generator' object is not reversible");
        }
        List<Object> items = Values.list(limits, value);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.get(items.size() - 1);
    }

    static Object reverse(Object value, Arguments arguments, Limits limits) {
        arguments.bind("reverse", 0);
        if (value instanceof String) {
            return Slicing.slice(limits, value, null, null, -1L);
        }
        List<Object> items = Values.list(limits, value);
        Collections.reverse(items);
        return value instanceof LazySequence ? items : LazySequence.of(limits, items.iterator());
    }

    static Object join(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("join", 0, "d", "attribute");
        String separator = Repr.string(limits, bound.get(0, ""));
        Object attribute = bound.get(1, null);
        StringBuilder joined = new StringBuilder();
        boolean first = true;
        for (Iterator<Object> items = Values.iterator(value); items.hasNext(); first = false) {
            Object item = items.next();
            limits.append(joined, first ? "" : separator);
            Object part = attribute == null ? item : SelectionFilters.path(limits, item, attribute, null);
            limits.append(joined, Repr.string(limits, part));
        }
        return joined.toString();
    }

    static Object items(Limits limits, Object value) {
        if (value instanceof Undefined) {
            return LazySequence.of(limits, Collections.emptyIterator());
        } else if (value instanceof Map<?, ?> map) {
            limits.list(map.size());
            return LazySequence.of(limits, CollectionMethods.items(map).iterator());
        }
        throw new TemplateFault("Can only get item pairs from a mapping.");
    }
}
