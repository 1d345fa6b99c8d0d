package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.LazySequence;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.List;
import java.util.function.Predicate;

/**
 * {@code map}, {@code select}, {@code reject}, {@code selectattr} and {@code rejectattr}, all of which return
 * generators.
 */
final class SelectionFilters {
    private SelectionFilters() {}

    static Object map(Object value, Arguments arguments, Limits limits) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Arguments.Bound bound = arguments.bind("map", 0, "attribute", "default");
            Object attribute = bound.get(0);
            return LazySequence.mapped(
                    limits, Values.iterator(value), item -> path(limits, item, attribute, bound.get(1, null)));
        }
        if (arguments.positional().isEmpty()) {
            throw new TemplateFault("map requires a filter argument");
        }
        Filters.Filter filter = Filters.of(Values.text(arguments.positional().get(0)));
        Arguments rest = arguments.after(1);
        return LazySequence.mapped(limits, Values.iterator(value), item -> filter.apply(item, rest, limits));
    }

    static Object select(Object value, Arguments arguments, Limits limits, boolean keeps) {
        Predicate<Object> test = test(arguments, limits);
        return LazySequence.filtered(limits, Values.iterator(value), item -> test.test(item) == keeps);
    }

    static Object selectAttribute(Object value, Arguments arguments, Limits limits, boolean keeps) {
        if (arguments.positional().isEmpty()) {
            throw new TemplateFault("Missing parameter for attribute name");
        }
        Object attribute = arguments.positional().get(0);
        Predicate<Object> test = test(arguments.after(1), limits);
        return LazySequence.filtered(
                limits, Values.iterator(value), item -> test.test(path(limits, item, attribute, null)) == keeps);
    }

    private static Predicate<Object> test(Arguments arguments, Limits limits) {
        if (arguments.positional().isEmpty()) {
            return Values::isTrue;
        }
        Tests.Test test = Tests.of(Values.text(arguments.positional().get(0)));
        Arguments rest = arguments.after(1);
        return value -> test.holds(value, rest, limits);
    }

    /**
     * Returns an element's attribute, or an attribute of an attribute.
     *
     * @param attribute {@code 'a'}, {@code 'a.b'}, {@code 'a.0'} or an index
     * @param fallback value of a missing attribute; null for none
     */
    static Object path(Limits limits, Object item, Object attribute, Object fallback) {
        if (!(attribute instanceof String path)) {
            return orElse(Members.item(limits, item, attribute), fallback);
        }
        Object value = item;
        for (String part : List.of(path.split("\\.", -1))) {
            boolean index =
                    !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            value = orElse(Members.item(limits, value, index ? (Object) Long.valueOf(part) : part), fallback);
        }
        return value;
    }

    private static Object orElse(Object value, Object fallback) {
        return fallback != null && value instanceof Undefined ? fallback : value;
    }
}
