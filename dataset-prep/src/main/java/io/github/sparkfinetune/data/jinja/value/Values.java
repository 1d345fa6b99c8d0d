package io.github.sparkfinetune.data.jinja.value;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Values of a template: null (None), Boolean, Long (a BigInteger beyond 64 bits can only be printed), Double, String,
 * List, Map, {@link LazySequence}, the variable {@code loop}, and the types in this class. No other object enters a
 * template.
 */
public final class Values {
    private static final int MAX_INPUT_DEPTH = 100;

    /**
     * Jinja's value of a missing variable, attribute or element. It prints as nothing, is false and empty, and fails on
     * any other use.
     *
     * @param message message of that failure
     */
    public record Undefined(String message) {
        public static Undefined variable(String name) {
            return new Undefined("'" + name + "' is undefined");
        }

        public static Undefined member(Object owner, Object key) {
            String type = owner == null ? "None" : "'" + Values.typeName(owner) + " object'";
            return key instanceof String
                    ? new Undefined(type + " has no attribute '" + key + "'")
                    : new Undefined(type + " has no element " + key);
        }

        public TemplateFault fault() {
            return new TemplateFault(message);
        }
    }

    /** Python's tuple: a list with parentheses around it when it is printed. */
    public record Tuple(List<Object> items) {
        public Tuple {
            items = Collections.unmodifiableList(items);
        }
    }

    /**
     * Python's views of a dict and its {@code range}, which have a length and can be iterated repeatedly.
     *
     * @param type Python's name of the type
     */
    public record View(String type, List<Object> items) {}

    /**
     * Text marked by the filter {@code safe}. It can be printed, joined by {@code ~} and tested; any other use fails.
     */
    public record Markup(String text) {}

    /** The only value that a template can change: {@code namespace(x=1)}, {@code set ns.x = 2}. */
    public static final class Namespace {
        private final Map<String, Object> attributes = new LinkedHashMap<>();

        public Map<String, Object> attributes() {
            return attributes;
        }
    }

    /**
     * A function that a template can call.
     *
     * @param name name of the function in errors
     */
    public record Callee(String name, Body body) {
        /** Implementation of the function. */
        public interface Body {
            Object call(Limits limits, Arguments arguments);
        }
    }

    private Values() {}

    /** Returns a copy of a JSON-like value, for the template. */
    public static Object ofInput(Object value) {
        return ofInput(value, 0);
    }

    private static Object ofInput(Object value, int depth) {
        if (depth > MAX_INPUT_DEPTH) {
            throw new TemplateFault("a message is nested more than " + MAX_INPUT_DEPTH + " levels deep");
        }
        if (value == null || value instanceof Boolean || value instanceof String || value instanceof Long) {
            return value;
        } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        } else if (value instanceof Double || value instanceof Float || value instanceof BigDecimal) {
            return ((Number) value).doubleValue();
        } else if (value instanceof BigInteger big) {
            return big.bitLength() < Long.SIZE ? (Object) big.longValue() : big;
        } else if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((key, item) -> copy.put(String.valueOf(key), ofInput(item, depth + 1)));
            return Collections.unmodifiableMap(copy);
        } else if (value instanceof Iterable<?> items) {
            List<Object> copy = new ArrayList<>();
            items.forEach(item -> copy.add(ofInput(item, depth + 1)));
            return Collections.unmodifiableList(copy);
        }
        throw new TemplateFault("a message holds a value of " + value.getClass().getName()
                + ", but templates see only what JSON can hold");
    }

    /** Returns Python's name of the value's type. */
    public static String typeName(Object value) {
        if (value == null) {
            return "NoneType";
        } else if (value instanceof Boolean) {
            return "bool";
        } else if (value instanceof Long || value instanceof BigInteger) {
            return "int";
        } else if (value instanceof Double) {
            return "float";
        } else if (value instanceof String) {
            return "str";
        } else if (value instanceof List) {
            return "list";
        } else if (value instanceof Map) {
            return "dict";
        } else if (value instanceof View view) {
            return view.type();
        } else if (value instanceof Tuple) {
            return "tuple";
        } else if (value instanceof LazySequence) {
            return "generator";
        }
        return value.getClass().getSimpleName();
    }

    /** Returns Python's {@code bool(value)}. */
    public static boolean isTrue(Object value) {
        if (value instanceof Boolean bool) {
            return bool;
        } else if (value instanceof Number number) {
            return number.doubleValue() != 0;
        } else if (value instanceof String string) {
            return !string.isEmpty();
        } else if (value instanceof Markup markup) {
            return !markup.text().isEmpty();
        } else if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        List<Object> items = itemsOrNull(value);
        return items != null ? !items.isEmpty() : value != null && !(value instanceof Undefined);
    }

    /** Returns the elements of a list, a tuple or a view; null for any other value. */
    @SuppressWarnings("unchecked")
    public static List<Object> itemsOrNull(Object value) {
        if (value instanceof List) {
            return (List<Object>) value;
        } else if (value instanceof Tuple tuple) {
            return tuple.items();
        } else if (value instanceof View view) {
            return view.items();
        }
        return null;
    }

    /** Returns Python's {@code len(value)}; the length of a text is in code points. */
    public static long length(Limits limits, Object value) {
        if (value instanceof String string) {
            limits.text(string.length());
            return string.codePointCount(0, string.length());
        } else if (value instanceof Markup markup) {
            return length(limits, markup.text());
        } else if (value instanceof Map<?, ?> map) {
            return map.size();
        } else if (value instanceof Undefined) {
            return 0;
        }
        List<Object> items = itemsOrNull(value);
        if (items == null) {
            throw new TemplateFault("object of type '" + typeName(value) + "' has no len()");
        }
        return items.size();
    }

    public static boolean isIterable(Object value) {
        return value instanceof String
                || value instanceof Map
                || value instanceof Undefined
                || value instanceof LazySequence
                || itemsOrNull(value) != null;
    }

    /** Returns Python's {@code iter(value)}: characters of a text, keys of a dict. */
    public static Iterator<Object> iterator(Object value) {
        if (value instanceof String string) {
            return string.codePoints().<Object>mapToObj(Character::toString).iterator();
        } else if (value instanceof Map<?, ?> map) {
            return Collections.<Object>unmodifiableSet(map.keySet()).iterator();
        } else if (value instanceof Undefined) {
            return Collections.emptyIterator();
        } else if (value instanceof LazySequence generator) {
            return generator;
        }
        List<Object> items = itemsOrNull(value);
        if (items == null) {
            throw new TemplateFault("'" + typeName(value) + "' object is not iterable");
        }
        return items.iterator();
    }

    /** Returns Python's {@code list(value)}. */
    public static List<Object> list(Limits limits, Object value) {
        List<Object> list = new ArrayList<>();
        for (Iterator<Object> i = iterator(value); i.hasNext(); ) {
            limits.step();
            list.add(i.next());
        }
        return list;
    }

    /** Returns a value that must be a text. */
    public static String text(Object value) {
        if (value instanceof String string) {
            return string;
        } else if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw new TemplateFault("a str is expected, not '" + typeName(value) + "'");
    }

    /** Returns a value as the key of a dict. */
    public static Object key(Object value) {
        if (value instanceof Boolean bool) {
            return bool ? 1L : 0L;
        } else if (value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1L << 53) {
            return number.longValue();
        } else if (value instanceof Markup markup) {
            return markup.text();
        } else if (value instanceof List || value instanceof Map) {
            throw new TemplateFault("unhashable type: '" + Values.typeName(value) + "'");
        }
        return value;
    }
}
