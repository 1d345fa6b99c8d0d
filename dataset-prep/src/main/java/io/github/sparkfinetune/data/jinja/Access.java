package io.github.sparkfinetune.data.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Expressions that reach into a value or hand it to a function, a filter or a test. */
final class Access {
    private Access() {}

    record Attribute(int line, Expression owner, String name) implements Expression {
        @Override
        public Object value(Scope frame) {
            return Members.attribute(frame.value(owner), name);
        }
    }

    record Item(int line, Expression owner, Expression key) implements Expression {
        @Override
        public Object value(Scope frame) {
            return Members.item(frame.run, frame.value(owner), frame.value(key));
        }
    }

    /** Each bound is null where the template leaves it out. */
    record Slice(int line, Expression owner, Expression start, Expression stop, Expression step) implements Expression {
        @Override
        public Object value(Scope frame) {
            return Slicing.slice(
                    frame.run, frame.value(owner), bound(frame, start), bound(frame, stop), bound(frame, step));
        }

        private static Object bound(Scope frame, Expression bound) {
            return bound == null ? null : frame.value(bound);
        }
    }

    /** Arguments as written; {@code spread} and {@code spreadNamed} ({@code *a, **b}) are null where there are none. */
    record ArgumentList(
            List<Expression> positional, Map<String, Expression> named, Expression spread, Expression spreadNamed) {
        static final ArgumentList NONE = new ArgumentList(List.of(), Map.of(), null, null);

        Arguments values(Scope frame) {
            List<Object> values = new ArrayList<>(Literals.values(frame, positional));
            Map<String, Object> byName = new LinkedHashMap<>();
            named.forEach((name, expression) -> byName.put(name, frame.value(expression)));
            if (spread != null) {
                values.addAll(Values.list(frame.run, frame.value(spread)));
            }
            if (spreadNamed != null) {
                if (!(frame.value(spreadNamed) instanceof Map<?, ?> map)) {
                    throw new TemplateFault("** takes a dict");
                }
                map.forEach((name, value) -> byName.put(Values.text(name), value));
            }
            return new Arguments(values, byName);
        }
    }

    record Call(int line, Expression function, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Scope frame) {
            Object called = frame.value(function);
            if (called instanceof Undefined undefined) {
                throw undefined.fault();
            } else if (!(called instanceof Callee callee)) {
                throw new TemplateFault("'" + Values.typeName(called) + "' object is not callable");
            } else {
                return callee.body().call(frame.run, arguments.values(frame));
            }
        }
    }

    record Filtered(int line, Expression input, Filters.Filter filter, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Scope frame) {
            return filter.apply(frame.value(input), arguments.values(frame), frame.run);
        }
    }

    record Tested(int line, Expression input, Tests.Test test, ArgumentList arguments) implements Expression {
        @Override
        public Object value(Scope frame) {
            return test.holds(frame.value(input), arguments.values(frame), frame.run);
        }
    }
}
