package io.github.sparkfinetune.spark.folder;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** Collections of {@code metrics.json}; a collection that the file lacks is empty. */
final class Parts {
    private Parts() {}

    /** Returns the elements of a list that the file may lack, without nulls. */
    static <T> List<T> list(List<T> list) {
        return list == null ? List.of() : list.stream().filter(Objects::nonNull).toList();
    }

    /** Returns the entries of a map that the file may lack, in the file's order, without nulls. */
    static <T> Map<String, T> map(Map<String, T> map) {
        return map == null ? Map.of() : mapped(map, Function.identity());
    }

    /** Returns a map with other values in the same order. */
    static <T, R> Map<String, R> mapped(Map<String, T> map, Function<T, R> function) {
        Map<String, R> mapped = new LinkedHashMap<>();
        map.forEach((name, value) -> {
            if (value != null) {
                mapped.put(name, function.apply(value));
            }
        });
        return Collections.unmodifiableMap(mapped);
    }
}
