package io.github.sparkfinetune.data.jinja;

import java.util.List;
import java.util.function.Predicate;

/** {@code map}, {@code select}, {@code reject}, {@code selectattr} and {@code rejectattr}: generators all. */
final class SelectionFilters {
    private SelectionFilters() {}

    static Object map(Object value, Arguments arguments, Run run) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Arguments.Bound bound = arguments.bind("map", 0, "attribute", "default");
            Object attribute = bound.get(0);
            return LazySequence.mapped(
                    run, Values.iterator(value), item -> path(run, item, attribute, bound.get(1, null)));
        }
        if (arguments.positional().isEmpty()) {
            throw new TemplateFault("map requires a filter argument");
        }
        Filters.Filter filter = Filters.of(Values.text(arguments.positional().get(0)));
        Arguments rest = arguments.after(1);
        return LazySequence.mapped(run, Values.iterator(value), item -> filter.apply(item, rest, run));
    }

    static Object select(Object value, Arguments arguments, Run run, boolean keeps) {
        Predicate<Object> test = test(arguments, run);
        return LazySequence.filtered(run, Values.iterator(value), item -> test.test(item) == keeps);
    }

    static Object selectAttribute(Object value, Arguments arguments, Run run, boolean keeps) {
        if (arguments.positional().isEmpty()) {
            throw new TemplateFault("Missing parameter for attribute name");
        }
        Object attribute = arguments.positional().get(0);
        Predicate<Object> test = test(arguments.after(1), run);
        return LazySequence.filtered(
                run, Values.iterator(value), item -> test.test(path(run, item, attribute, null)) == keeps);
    }

    private static Predicate<Object> test(Arguments arguments, Run run) {
        if (arguments.positional().isEmpty()) {
            return Values::isTrue;
        }
        Tests.Test test = Tests.of(Values.text(arguments.positional().get(0)));
        Arguments rest = arguments.after(1);
        return value -> test.holds(value, rest, run);
    }

    /**
     * An element's attribute, or attribute of an attribute.
     *
     * @param attribute {@code 'a'}, {@code 'a.b'}, {@code 'a.0'} or an index
     * @param fallback value for one that is not there; null for none
     */
    static Object path(Run run, Object item, Object attribute, Object fallback) {
        if (!(attribute instanceof String path)) {
            return orElse(Members.item(run, item, attribute), fallback);
        }
        Object value = item;
        for (String part : List.of(path.split("\\.", -1))) {
            boolean index =
                    !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            value = orElse(Members.item(run, value, index ? (Object) Long.valueOf(part) : part), fallback);
        }
        return value;
    }

    private static Object orElse(Object value, Object fallback) {
        return fallback != null && value instanceof Undefined ? fallback : value;
    }
}
