package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Comparison;
import io.github.sparkfinetune.data.jinja.value.Repr;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Methods of lists, tuples and dicts. */
final class CollectionMethods {
    private CollectionMethods() {}

    /** Returns a method of a list or tuple by name, or null; no method changes the value. */
    static Callee of(List<Object> items, String name) {
        return switch (name) {
            case "index" ->
                new Callee(name, (limits, arguments) -> {
                    Object value = arguments.bind(name, 1, "/value").get(0);
                    for (int i = 0; i < items.size(); i++) {
                        if (Comparison.equal(limits, items.get(i), value)) {
                            return (long) i;
                        }
                    }
                    throw new TemplateFault(Repr.repr(limits, value) + " is not in list");
                });
            case "count" ->
                new Callee(name, (limits, arguments) -> {
                    Object value = arguments.bind(name, 1, "/value").get(0);
                    return items.stream()
                            .filter(item -> Comparison.equal(limits, item, value))
                            .count();
                });
            default -> null;
        };
    }

    /** Returns a method of a dict by name, or null. */
    static Callee of(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" ->
                new Callee(name, (limits, arguments) -> {
                    arguments.bind(name, 0);
                    limits.list(map.size());
                    return new View("dict_items", items(map));
                });
            case "keys" ->
                new Callee(name, (limits, arguments) -> {
                    arguments.bind(name, 0);
                    limits.list(map.size());
                    return new View("dict_keys", new ArrayList<>(map.keySet()));
                });
            case "values" ->
                new Callee(name, (limits, arguments) -> {
                    arguments.bind(name, 0);
                    limits.list(map.size());
                    return new View("dict_values", new ArrayList<>(map.values()));
                });
            case "copy" ->
                new Callee(name, (limits, arguments) -> {
                    arguments.bind(name, 0);
                    return map;
                });
            case "get" ->
                new Callee(name, (limits, arguments) -> {
                    Arguments.Bound bound = arguments.bind(name, 1, "/key", "/default");
                    Object key = Values.key(bound.get(0));
                    return map.containsKey(key) ? map.get(key) : bound.get(1, null);
                });
            default -> null;
        };
    }

    /** Returns the entries as tuples. */
    static List<Object> items(Map<?, ?> map) {
        List<Object> items = new ArrayList<>(map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            List<Object> pair = new ArrayList<>(2);
            pair.add(entry.getKey());
            pair.add(entry.getValue());
            items.add(new Tuple(pair));
        }
        return items;
    }
}
