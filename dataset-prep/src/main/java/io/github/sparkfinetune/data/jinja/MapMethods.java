package io.github.sparkfinetune.data.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Methods of a dict. */
final class MapMethods {
    private MapMethods() {}

    /** The method of this name, or null. */
    static Callee of(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" ->
                new Callee(name, (run, arguments) -> {
                    arguments.bind(name, 0);
                    run.list(map.size());
                    return new View("dict_items", items(map));
                });
            case "keys" ->
                new Callee(name, (run, arguments) -> {
                    arguments.bind(name, 0);
                    run.list(map.size());
                    return new View("dict_keys", new ArrayList<>(map.keySet()));
                });
            case "values" ->
                new Callee(name, (run, arguments) -> {
                    arguments.bind(name, 0);
                    run.list(map.size());
                    return new View("dict_values", new ArrayList<>(map.values()));
                });
            case "copy" ->
                new Callee(name, (run, arguments) -> {
                    arguments.bind(name, 0);
                    return map;
                });
            case "get" ->
                new Callee(name, (run, arguments) -> {
                    Arguments.Bound bound = arguments.bind(name, 1, "/key", "/default");
                    Object key = Members.key(bound.get(0));
                    return map.containsKey(key) ? map.get(key) : bound.get(1, null);
                });
            default -> null;
        };
    }

    /** Its entries as tuples. */
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
