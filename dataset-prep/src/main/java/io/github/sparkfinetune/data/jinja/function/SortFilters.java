package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Comparison;
import io.github.sparkfinetune.data.jinja.value.LazySequence;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Text;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Filters that compare elements; texts are compared case-insensitively unless an argument says otherwise. */
final class SortFilters {
    private SortFilters() {}

    static Object sort(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        Object attributes = bound.get(2, null);
        boolean caseSensitive = Values.isTrue(bound.get(1, false));
        Function<Object, Object> key = key(limits, null, caseSensitive);
        if (attributes instanceof String names) {
            key = item -> {
                List<Object> keys = new ArrayList<>();
                for (String name : List.of(names.split(","))) {
                    keys.add(key(limits, name, caseSensitive).apply(item));
                }
                return keys;
            };
        } else if (attributes != null) {
            key = key(limits, attributes, caseSensitive);
        }
        return sorted(limits, Values.list(limits, value), key, Values.isTrue(bound.get(0, false)));
    }

    static Object dictsort(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        String by = bound.text(1, "key");
        if (!(value instanceof Map<?, ?> map) || (!by.equals("key") && !by.equals("value"))) {
            throw new TemplateFault("dictsort takes a mapping, and sorts by 'key' or 'value'");
        }
        limits.list(map.size());
        Function<Object, Object> key = key(limits, by.equals("key") ? 0L : 1L, Values.isTrue(bound.get(0, false)));
        return sorted(limits, CollectionMethods.items(map), key, Values.isTrue(bound.get(2, false)));
    }

    private static List<Object> sorted(
            Limits limits, List<Object> items, Function<Object, Object> key, boolean reverse) {
        Comparator<Object> order = (a, b) -> Comparison.order(limits, "<", key.apply(a), key.apply(b));
        // Python's reverse keeps the order of equal elements too.
        items.sort(reverse ? (a, b) -> order.compare(b, a) : order);
        return items;
    }

    static Object unique(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
        Function<Object, Object> key = key(limits, bound.get(1, null), Values.isTrue(bound.get(0, false)));
        List<Object> seen = new ArrayList<>();
        return LazySequence.filtered(limits, Values.iterator(value), item -> {
            Object itemKey = Values.key(key.apply(item));
            if (Comparison.contains(limits, seen, itemKey)) {
                return false;
            }
            return seen.add(itemKey);
        });
    }

    static Object groupby(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
        Object attribute = bound.get(0);
        Object fallback = bound.get(1, null);
        boolean caseSensitive = Values.isTrue(bound.get(2, false));
        Function<Object, Object> shown = item -> SelectionFilters.path(limits, item, attribute, fallback);
        Function<Object, Object> key = item -> folded(shown.apply(item), caseSensitive);
        List<Object> groups = new ArrayList<>();
        List<Object> group = null;
        Object last = null;
        for (Object item : sorted(limits, Values.list(limits, value), key, false)) {
            Object itemKey = key.apply(item);
            if (group == null || !Comparison.equal(limits, itemKey, last)) {
                group = new ArrayList<>();
                List<Object> pair = new ArrayList<>();
                pair.add(caseSensitive ? itemKey : shown.apply(item));
                pair.add(group);
                groups.add(new Tuple(pair));
                last = itemKey;
            }
            group.add(item);
        }
        return groups;
    }

    /** @param sign sign of the comparison that makes an element the better one: 1 for max, -1 for min */
    static Object extreme(Object value, Arguments arguments, Limits limits, int sign) {
        Arguments.Bound bound = arguments.bind(sign > 0 ? "max" : "min", 0, "case_sensitive", "attribute");
        Function<Object, Object> key = key(limits, bound.get(1, null), Values.isTrue(bound.get(0, false)));
        Iterator<Object> items = Values.iterator(value);
        if (!items.hasNext()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Object best = items.next();
        while (items.hasNext()) {
            Object item = items.next();
            limits.step();
            String operator = sign > 0 ? ">" : "<";
            if (Integer.signum(Comparison.order(limits, operator, key.apply(item), key.apply(best))) == sign) {
                best = item;
            }
        }
        return best;
    }

    private static Function<Object, Object> key(Limits limits, Object attribute, boolean caseSensitive) {
        return item ->
                folded(attribute == null ? item : SelectionFilters.path(limits, item, attribute, null), caseSensitive);
    }

    private static Object folded(Object key, boolean caseSensitive) {
        return key instanceof String text && !caseSensitive ? Text.lower(text) : key;
    }
}
