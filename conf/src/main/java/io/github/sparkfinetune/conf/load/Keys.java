package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.key.Key;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Predicate;

/** Keys of a run, derived from {@link RunConfig}. A key is the dotted snake_case path of a record component. */
public final class Keys {
    private static final Map<String, RecordComponent> ALL = new LinkedHashMap<>();

    static {
        collect("", RunConfig.class);
    }

    private Keys() {}

    private static void collect(String section, Class<?> type) {
        for (RecordComponent component : type.getRecordComponents()) {
            String path = path(section, component);
            ALL.put(path, component);
            if (component.getType().isRecord()) {
                collect(path, component.getType());
            }
        }
    }

    /**
     * Returns a copy of the run with changed paths.
     *
     * @param change returns the new path for a key marked as a path and its value; not called for null
     */
    public static RunConfig mapPaths(RunConfig config, BinaryOperator<String> change) {
        return Records.map(config, (key, value) -> value != null && isPath(key) ? changed(key, value, change) : value);
    }

    private static Object changed(String key, Object value, BinaryOperator<String> change) {
        if (!(value instanceof Map<?, ?> paths)) {
            return change.apply(key, (String) value);
        }
        Map<Object, Object> changed = new LinkedHashMap<>();
        paths.forEach((name, path) -> changed.put(name, change.apply(key + "." + name, (String) path)));
        return changed;
    }

    /** Returns the paths that a run sets, by their keys, in the order of the records. */
    public static Map<String, String> paths(RunConfig config) {
        Map<String, String> paths = new LinkedHashMap<>();
        Records.forEach(config, (key, value) -> {
            if (value instanceof Map<?, ?> map && isPath(key)) {
                map.forEach((name, path) -> paths.put(key + "." + name, (String) path));
            } else if (value != null && isPath(key)) {
                paths.put(key, (String) value);
            }
        });
        return paths;
    }

    /**
     * Returns whether a key may differ between two commands of one run.
     *
     * @param key key of {@link RunConfig}, or a key below a map
     */
    public static boolean mayChange(String key) {
        return ALL.containsKey(key) ? is(key, Key::mayChange) : mayChange(key.substring(0, key.lastIndexOf('.')));
    }

    static boolean isPath(String key) {
        return is(key, Key::path);
    }

    static boolean isOptional(String key) {
        return is(key, Key::optional);
    }

    /** Returns the list key that replaces this key when the list is not empty, or an empty text if there is none. */
    static String unless(String key) {
        Key marks = ALL.get(key).getAnnotation(Key.class);
        return marks == null ? "" : marks.unless();
    }

    private static boolean is(String key, Predicate<Key> mark) {
        Key marks = component(key).getAnnotation(Key.class);
        return marks != null && mark.test(marks);
    }

    /** Returns the component of a key, or of a key in a list of records ({@code list[index].name}). */
    private static RecordComponent component(String key) {
        int index = key.indexOf('[');
        if (index < 0) {
            return ALL.get(key);
        }
        return Arrays.stream(elements(key.substring(0, index)).getRecordComponents())
                .filter(component -> path("", component).equals(key.substring(key.indexOf("].") + 2)))
                .findFirst()
                .orElseThrow();
    }

    /** Returns the element type of a list. */
    static Class<?> elements(String list) {
        return (Class<?>) ((ParameterizedType) ALL.get(list).getGenericType()).getActualTypeArguments()[0];
    }

    static Map<String, RecordComponent> all() {
        return ALL;
    }

    /** Returns the keys that take a value (every key but the sections), in the order of the records. */
    public static List<String> settable() {
        return ALL.keySet().stream().filter(path -> !isSection(path)).toList();
    }

    /** Returns the path of a component. */
    static String path(String section, RecordComponent component) {
        return path(section, Components.name(component));
    }

    static String path(String section, String key) {
        return section.isEmpty() ? key : section + "." + key;
    }

    /** Returns whether {@code path} is a section. */
    static boolean isSection(String path) {
        return path.isEmpty()
                || (ALL.containsKey(path) && ALL.get(path).getType().isRecord());
    }

    /** Returns whether {@code path} is a map, whose keys are free. */
    static boolean isMap(String path) {
        return ALL.containsKey(path) && Map.class.isAssignableFrom(ALL.get(path).getType());
    }

    /**
     * Suggests a replacement for the unknown {@code path}: the same name in another section, our name of another
     * library's setting, or the nearest name.
     */
    static String suggestion(String path) {
        String name = lastPart(path);
        Optional<String> other = OtherNames.find(name).map(OtherNames.Name::hint);
        // A name outside any section is more likely another library's name than a misplaced key of a section.
        return (name.equals(path) ? other : Optional.<String>empty())
                .or(() -> ALL.keySet().stream()
                        .filter(known -> lastPart(known).equals(name))
                        .findFirst()
                        .map(Keys::didYouMean))
                .or(() -> other)
                .or(() -> nearest(path, ALL.keySet()).map(Keys::didYouMean))
                .orElse("");
    }

    private static String didYouMean(String key) {
        return "; did you mean " + key + "?";
    }

    /** Returns the candidate with the fewest edits from {@code word}, if they are few for its length. */
    public static Optional<String> nearest(String word, Collection<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt(candidate -> edits(word, candidate)))
                .filter(best -> edits(word, best) <= Math.max(2, word.length() / 3));
    }

    private static String lastPart(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** Levenshtein distance. */
    private static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
