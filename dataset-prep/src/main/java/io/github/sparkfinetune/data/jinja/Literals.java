package io.github.sparkfinetune.data.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Expressions that name or build a value. */
final class Literals {
    private Literals() {}

    record Constant(int line, Object constant) implements Expression {
        @Override
        public Object value(Scope frame) {
            return constant;
        }
    }

    record Name(int line, String name) implements Expression {
        @Override
        public Object value(Scope frame) {
            return frame.get(name);
        }
    }

    record ListOf(int line, List<Expression> items) implements Expression {
        @Override
        public Object value(Scope frame) {
            return values(frame, items);
        }
    }

    record TupleOf(int line, List<Expression> items) implements Expression {
        @Override
        public Object value(Scope frame) {
            return new Tuple(values(frame, items));
        }
    }

    record MapOf(int line, List<Expression> keys, List<Expression> values) implements Expression {
        @Override
        public Object value(Scope frame) {
            Map<Object, Object> map = new LinkedHashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                Object key = frame.value(keys.get(i));
                map.put(Members.key(key), frame.value(values.get(i)));
            }
            return map;
        }
    }

    /** Values of expressions, in order. */
    static List<Object> values(Scope frame, List<Expression> expressions) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(frame.value(expression));
        }
        return values;
    }
}
