package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Comparison;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Markup;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import io.github.sparkfinetune.data.jinja.value.Values.View;
import java.util.List;
import java.util.Map;

/** Jinja's tests: {@code value is name}. */
public final class Tests {
    /** A test. */
    public interface Test {
        boolean holds(Object value, Arguments arguments, Limits limits);
    }

    private static final Map<String, Test> TESTS = Map.ofEntries(
            plain("defined", value -> !(value instanceof Undefined)),
            plain("undefined", value -> value instanceof Undefined),
            plain("none", value -> value == null),
            plain("boolean", value -> value instanceof Boolean),
            plain("true", value -> Boolean.TRUE.equals(value)),
            plain("false", value -> Boolean.FALSE.equals(value)),
            plain(
                    "integer",
                    value -> Numbers.isNumber(value) && !(value instanceof Boolean || value instanceof Double)),
            plain("float", value -> value instanceof Double),
            plain("number", Numbers::isNumber),
            plain("string", value -> value instanceof String || value instanceof Markup),
            plain("mapping", value -> value instanceof Map),
            plain("iterable", Values::isIterable),
            plain("sequence", Tests::isSequence),
            plain("callable", value -> value instanceof Callee),
            plain(
                    "odd",
                    value -> Numbers.calculate("%", Numbers.integer(value), 2L).equals(1L)),
            plain(
                    "even",
                    value -> Numbers.calculate("%", Numbers.integer(value), 2L).equals(0L)),
            Map.entry("lower", (value, arguments, limits) -> StringMethods.isLower(Filters.charged(limits, value))),
            Map.entry("upper", (value, arguments, limits) -> StringMethods.isUpper(Filters.charged(limits, value))),
            plain("filter", value -> Filters.FILTERS.containsKey(Values.text(value))),
            plain("test", Tests::isTest),
            Map.entry(
                    "divisibleby",
                    (value, arguments, limits) -> Numbers.calculate(
                                    "%", Numbers.integer(value), Numbers.integer(other("divisibleby", arguments)))
                            .equals(0L)),
            Map.entry("sameas", (value, arguments, limits) -> same(value, other("sameas", arguments))),
            Map.entry("in", (value, arguments, limits) -> Comparison.contains(limits, other("in", arguments), value)),
            equal("eq"),
            equal("equalto"),
            equal("=="),
            Map.entry("ne", (value, arguments, limits) -> !Comparison.equal(limits, value, other("ne", arguments))),
            Map.entry("!=", (value, arguments, limits) -> !Comparison.equal(limits, value, other("!=", arguments))),
            ordered("lt", "<"),
            ordered("lessthan", "<"),
            ordered("<", "<"),
            ordered("le", "<="),
            ordered("<=", "<="),
            ordered("gt", ">"),
            ordered("greaterthan", ">"),
            ordered(">", ">"),
            ordered("ge", ">="),
            ordered(">=", ">="));

    private Tests() {}

    /** Returns the test of a name. */
    public static Test of(String name) {
        Test test = TESTS.get(name);
        if (test == null) {
            throw new TemplateFault("the test '" + name + "' is not supported");
        }
        return test;
    }

    private static boolean isTest(Object name) {
        return TESTS.containsKey(Values.text(name));
    }

    private static Map.Entry<String, Test> plain(String name, java.util.function.Predicate<Object> test) {
        return Map.entry(name, (value, arguments, limits) -> {
            arguments.bind(name, 0);
            return test.test(value);
        });
    }

    private static Map.Entry<String, Test> equal(String name) {
        return Map.entry(name, (value, arguments, limits) -> Comparison.equal(limits, value, other(name, arguments)));
    }

    private static Map.Entry<String, Test> ordered(String name, String operator) {
        return Map.entry(
                name,
                (value, arguments, limits) -> Comparison.ordered(limits, operator, value, other(name, arguments)));
    }

    private static Object other(String name, Arguments arguments) {
        return arguments.bind(name, 1, "other").get(0);
    }

    private static boolean isSequence(Object value) {
        return value instanceof String
                || value instanceof List
                || value instanceof Tuple
                || value instanceof Map
                || value instanceof Undefined
                || value instanceof Markup
                || (value instanceof View view && view.type().equals("range"));
    }

    /** Compares identity. Scalars are compared by value, because Python shares small ones. */
    private static boolean same(Object a, Object b) {
        boolean scalar = a instanceof Boolean || a instanceof Long || a instanceof String;
        return a == b || (scalar && a.equals(b));
    }
}
