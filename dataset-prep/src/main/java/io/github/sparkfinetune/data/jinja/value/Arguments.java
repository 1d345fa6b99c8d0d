package io.github.sparkfinetune.data.jinja.value;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Evaluated arguments of a call, a filter or a test.
 *
 * @param named arguments by name, in the order of the call
 */
public record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** Arguments matched with parameters. */
    public record Bound(Object[] values) {
        private static final Object ABSENT = new Object();

        public boolean has(int parameter) {
            return values[parameter] != ABSENT;
        }

        public Object get(int parameter) {
            return values[parameter];
        }

        public Object get(int parameter, Object fallback) {
            return has(parameter) ? values[parameter] : fallback;
        }

        /** Returns an integer, or {@code fallback} if the argument is absent or None. */
        public long integer(int parameter, long fallback) {
            Object value = get(parameter, null);
            return value == null ? fallback : Numbers.integer(value);
        }

        /** Returns a text, or {@code fallback} if the argument is absent or None. */
        public String text(int parameter, String fallback) {
            Object value = get(parameter, null);
            return value == null ? fallback : Values.text(value);
        }
    }

    /**
     * Matches the arguments with parameters.
     *
     * @param function name of the function in errors
     * @param required number of required parameters
     * @param parameters names of the parameters; a name that starts with {@code /} is positional only
     */
    public Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new TemplateFault(function + "() takes at most " + parameters.length + " arguments, but "
                    + positional.size() + " were given");
        }
        Object[] values = new Object[parameters.length];
        Arrays.fill(values, Bound.ABSENT);
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        for (Map.Entry<String, Object> argument : named.entrySet()) {
            int parameter = Arrays.asList(parameters).indexOf(argument.getKey());
            if (parameter < 0 || values[parameter] != Bound.ABSENT) {
                throw new TemplateFault(function + "() got an unexpected argument '" + argument.getKey() + "'");
            }
            values[parameter] = argument.getValue();
        }
        for (int i = 0; i < required; i++) {
            if (values[i] == Bound.ABSENT) {
                throw new TemplateFault(function + "() is missing its argument " + parameters[i].replace("/", ""));
            }
        }
        return new Bound(values);
    }

    /** Returns these arguments without the first {@code count} positional ones. */
    public Arguments after(int count) {
        return new Arguments(positional.subList(count, positional.size()), named);
    }
}
