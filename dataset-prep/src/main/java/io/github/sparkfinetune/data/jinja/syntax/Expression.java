package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.function.Filters;
import io.github.sparkfinetune.data.jinja.function.Members;
import io.github.sparkfinetune.data.jinja.function.Tests;
import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Arithmetic;
import io.github.sparkfinetune.data.jinja.value.Comparison;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.Repr;
import io.github.sparkfinetune.data.jinja.value.Slicing;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A node of a template that has a value. {@link Scope#value} evaluates the node within the limits, and adds its line to
 * errors.
 */
sealed interface Expression {
    /** Line of the template, from 1. */
    int line();

    Object value(Scope scope);

    /** Returns the values of expressions, in order. */
    static List<Object> values(Scope scope, List<Expression> expressions) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(scope.value(expression));
        }
        return values;
    }

    record Constant(int line, Object constant) implements Expression {
        @Override
        public Object value(Scope scope) {
            return constant;
        }
    }

    record Name(int line, String name) implements Expression {
        @Override
        public Object value(Scope scope) {
            return scope.get(name);
        }
    }

    record ListOf(int line, List<Expression> items) implements Expression {
        @Override
        public Object value(Scope scope) {
            return values(scope, items);
        }
    }

    record TupleOf(int line, List<Expression> items) implements Expression {
        @Override
        public Object value(Scope scope) {
            return new Tuple(values(scope, items));
        }
    }

    record MapOf(int line, List<Expression> keys, List<Expression> values) implements Expression {
        @Override
        public Object value(Scope scope) {
            Map<Object, Object> map = new LinkedHashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                Object key = scope.value(keys.get(i));
                map.put(Values.key(key), scope.value(values.get(i)));
            }
            return map;
        }
    }

    /** {@code + - * / // % **}. */
    record Binary(int line, String operator, Expression left, Expression right) implements Expression {
        @Override
        public Object value(Scope scope) {
            return Arithmetic.calculate(scope.limits, operator, scope.value(left), scope.value(right));
        }
    }

    /** {@code -x} and {@code +x}. */
    record Signed(int line, boolean negative, Expression operand) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object value = scope.value(operand);
            if (!Numbers.isNumber(value)) {
                throw value instanceof Undefined undefined
                        ? undefined.fault()
                        : new TemplateFault("bad operand type for unary " + (negative ? "-" : "+") + ": '"
                                + Values.typeName(value) + "'");
            }
            if (value instanceof Double number) {
                return negative ? -number : number;
            }
            return negative ? Numbers.calculate("-", 0L, value) : (Object) Numbers.integer(value);
        }
    }

    /** {@code a ~ b ~ c}. */
    record Concatenation(int line, List<Expression> parts) implements Expression {
        @Override
        public Object value(Scope scope) {
            StringBuilder text = new StringBuilder();
            for (Expression part : parts) {
                scope.limits.append(text, Repr.string(scope.limits, scope.value(part)));
            }
            return text.toString();
        }
    }

    record Not(int line, Expression operand) implements Expression {
        @Override
        public Object value(Scope scope) {
            return !scope.isTrue(operand);
        }
    }

    /** {@code a and b}, {@code a or b}; the value of the deciding operand. */
    record Logic(int line, boolean and, Expression left, Expression right) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object value = scope.value(left);
            return Values.isTrue(value) == and ? scope.value(right) : value;
        }
    }

    /** {@code then if condition else otherwise}; undefined if {@code otherwise} is left out (null). */
    record Conditional(int line, Expression condition, Expression then, Expression otherwise) implements Expression {
        @Override
        public Object value(Scope scope) {
            if (scope.isTrue(condition)) {
                return scope.value(then);
            }
            return otherwise != null
                    ? scope.value(otherwise)
                    : new Undefined("the inline if-expression evaluated to false and no else section was defined");
        }
    }

    /** {@code a < b <= c}, which compares neighbouring operands. */
    record Comparisons(int line, Expression first, List<String> operators, List<Expression> others)
            implements Expression {
        @Override
        public Object value(Scope scope) {
            Object left = scope.value(first);
            for (int i = 0; i < operators.size(); i++) {
                Object right = scope.value(others.get(i));
                if (!holds(scope.limits, operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }

        private static boolean holds(Limits limits, String operator, Object left, Object right) {
            return switch (operator) {
                case "==" -> Comparison.equal(limits, left, right);
                case "!=" -> !Comparison.equal(limits, left, right);
                case "in" -> Comparison.contains(limits, right, left);
                case "not in" -> !Comparison.contains(limits, right, left);
                default -> Comparison.ordered(limits, operator, left, right);
            };
        }
    }

    record Attribute(int line, Expression owner, String name) implements Expression {
        @Override
        public Object value(Scope scope) {
            return Members.attribute(scope.value(owner), name);
        }
    }

    record Item(int line, Expression owner, Expression key) implements Expression {
        @Override
        public Object value(Scope scope) {
            return Members.item(scope.limits, scope.value(owner), scope.value(key));
        }
    }

    /** Each bound is null where the template leaves it out. */
    record Slice(int line, Expression owner, Expression start, Expression stop, Expression step) implements Expression {
        @Override
        public Object value(Scope scope) {
            return Slicing.slice(
                    scope.limits, scope.value(owner), bound(scope, start), bound(scope, stop), bound(scope, step));
        }

        private static Object bound(Scope scope, Expression bound) {
            return bound == null ? null : scope.value(bound);
        }
    }

    /** Arguments of a call; {@code spread} and {@code spreadNamed} ({@code *a, **b}) are null if absent. */
    record ArgumentList(
            List<Expression> positional, Map<String, Expression> named, Expression spread, Expression spreadNamed) {
        static final ArgumentList NONE = new ArgumentList(List.of(), Map.of(), null, null);

        Arguments values(Scope scope) {
            List<Object> values = new ArrayList<>(Expression.values(scope, positional));
            Map<String, Object> byName = new LinkedHashMap<>();
            named.forEach((name, expression) -> byName.put(name, scope.value(expression)));
            if (spread != null) {
                values.addAll(Values.list(scope.limits, scope.value(spread)));
            }
            if (spreadNamed != null) {
                if (!(scope.value(spreadNamed) instanceof Map<?, ?> map)) {
                    throw new TemplateFault("** takes a dict");
                }
                map.forEach((name, value) -> byName.put(Values.text(name), value));
            }
            return new Arguments(values, byName);
        }
    }

    record Call(int line, Expression function, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Scope scope) {
            Object called = scope.value(function);
            if (called instanceof Undefined undefined) {
                throw undefined.fault();
            } else if (!(called instanceof Callee callee)) {
                throw new TemplateFault("'" + Values.typeName(called) + "' object is not callable");
            } else {
                return callee.body().call(scope.limits, arguments.values(scope));
            }
        }
    }

    record Filtered(int line, Expression input, Filters.Filter filter, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Scope scope) {
            return filter.apply(scope.value(input), arguments.values(scope), scope.limits);
        }
    }

    record Tested(int line, Expression input, Tests.Test test, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Scope scope) {
            return test.holds(scope.value(input), arguments.values(scope), scope.limits);
        }
    }
}
