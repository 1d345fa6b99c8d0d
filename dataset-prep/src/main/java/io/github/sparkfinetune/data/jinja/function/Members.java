package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Text;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Namespace;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import io.github.sparkfinetune.data.jinja.value.Values.View;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Evaluates {@code value.name} and {@code value[key]} by Jinja's rules. A dot looks for an attribute or method first
 * and an element second, brackets the other way round. A missing member is {@link Undefined}.
 */
public final class Members {
    private static final Set<String> MAP_OTHERS = Set.of("clear", "fromkeys", "pop", "popitem", "setdefault", "update");
    private static final Set<String> LIST_OTHERS =
            Set.of("append", "clear", "copy", "extend", "insert", "pop", "remove", "reverse", "sort");
    private static final Set<String> NUMBER_OTHERS = Set.of(
            "as_integer_ratio",
            "bit_count",
            "bit_length",
            "conjugate",
            "denominator",
            "from_bytes",
            "fromhex",
            "hex",
            "imag",
            "is_integer",
            "numerator",
            "real",
            "to_bytes");

    private Members() {}

    /** Returns {@code owner.name}. */
    public static Object attribute(Object owner, String name) {
        Object own = own(owner, name);
        if (own == null && owner instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        return own != null || holdsNull(owner, name) ? own : Undefined.member(owner, name);
    }

    /** Returns {@code owner[key]}, for any key except a slice. */
    public static Object item(Limits limits, Object owner, Object key) {
        if (owner instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (owner instanceof Map<?, ?> map && map.containsKey(Values.key(key))) {
            return map.get(Values.key(key));
        }
        if (key instanceof Long || key instanceof Boolean) {
            long index = Numbers.integer(key);
            List<Object> items =
                    owner instanceof View view && !view.type().equals("range") ? null : Values.itemsOrNull(owner);
            long length = items != null ? items.size() : owner instanceof String ? Values.length(limits, owner) : 0;
            long at = index < 0 ? index + length : index;
            if (at >= 0 && at < length) {
                return items != null ? items.get((int) at) : character((String) owner, at);
            }
        }
        if (key instanceof String name) {
            Object own = own(owner, name);
            return own != null || holdsNull(owner, name) ? own : Undefined.member(owner, name);
        }
        return Undefined.member(owner, key instanceof Undefined ? "" : key);
    }

    private static String character(String text, long index) {
        return Character.toString(text.codePointAt(Text.unit(text, index)));
    }

    private static boolean holdsNull(Object owner, String name) {
        if (owner instanceof Namespace namespace) {
            return namespace.attributes().containsKey(name);
        }
        return owner instanceof Loop && Loop.ATTRIBUTES.contains(name);
    }

    /** Returns an attribute or method of the value itself, or null if it has none of this name. */
    private static Object own(Object owner, String name) {
        if (owner instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (name.startsWith("__")) {
            throw new TemplateFault(
                    "it reaches for '" + name + "' of a " + Values.typeName(owner) + ": templates see only data");
        }
        if (owner instanceof String text) {
            return StringMethods.of(text, name);
        } else if (owner instanceof Map<?, ?> map) {
            refuse(owner, name, MAP_OTHERS);
            return CollectionMethods.of(map, name);
        } else if (owner instanceof Namespace namespace) {
            return namespace.attributes().get(name);
        } else if (owner instanceof Loop loop) {
            return loop.attribute(name);
        } else if (owner instanceof List || owner instanceof Tuple) {
            refuse(owner, name, owner instanceof List ? LIST_OTHERS : Set.of());
            return CollectionMethods.of(Values.itemsOrNull(owner), name);
        } else if (Numbers.isNumber(owner)) {
            refuse(owner, name, NUMBER_OTHERS);
            return null;
        } else if (owner == null) {
            return null;
        }
        throw new TemplateFault("attributes of a " + Values.typeName(owner) + " ('" + name + "') are not supported");
    }

    /** Fails for a method of Python that templates may not call, or that is not implemented. */
    static void refuse(Object owner, String name, Set<String> others) {
        if (others.contains(name)) {
            throw new TemplateFault("'" + name + "' of a " + Values.typeName(owner)
                    + " is not supported (templates cannot change values, except a namespace)");
        }
    }

    /** Creates a dict from another dict, or from pairs. */
    static Map<Object, Object> map(Limits limits, Object source) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (source instanceof Map<?, ?> other) {
            limits.list(other.size());
            map.putAll(other);
            return map;
        }
        for (Object pair : Values.list(limits, source)) {
            List<Object> entry = Values.list(limits, pair);
            if (entry.size() != 2) {
                throw new TemplateFault("a dict is made of pairs, not of " + entry.size() + " elements");
            }
            map.put(Values.key(entry.get(0)), entry.get(1));
        }
        return map;
    }
}
