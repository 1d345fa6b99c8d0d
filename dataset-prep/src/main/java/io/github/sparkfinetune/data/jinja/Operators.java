package io.github.sparkfinetune.data.jinja;

import java.util.List;

/** Expressions made of operators. */
final class Operators {
    private Operators() {}

    /** {@code + - * / // % **}. */
    record Binary(int line, String operator, Expression left, Expression right) implements Expression {
        @Override
        public Object value(Scope frame) {
            return Arithmetic.calculate(frame.run, operator, frame.value(left), frame.value(right));
        }
    }

    /** {@code -x} and {@code +x}. */
    record Signed(int line, boolean negative, Expression operand) implements Expression {
        @Override
        public Object value(Scope frame) {
            Object value = frame.value(operand);
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
        public Object value(Scope frame) {
            StringBuilder text = new StringBuilder();
            for (Expression part : parts) {
                frame.run.append(text, Repr.string(frame.run, frame.value(part)));
            }
            return text.toString();
        }
    }

    record Not(int line, Expression operand) implements Expression {
        @Override
        public Object value(Scope frame) {
            return !frame.isTrue(operand);
        }
    }

    /** {@code a and b}, {@code a or b}: the value of the operand that decides. */
    record Logic(int line, boolean and, Expression left, Expression right) implements Expression {
        @Override
        public Object value(Scope frame) {
            Object value = frame.value(left);
            return Values.isTrue(value) == and ? frame.value(right) : value;
        }
    }

    /** {@code then if condition else otherwise}; undefined where {@code otherwise} is left out (null). */
    record Conditional(int line, Expression condition, Expression then, Expression otherwise) implements Expression {
        @Override
        public Object value(Scope frame) {
            if (frame.isTrue(condition)) {
                return frame.value(then);
            }
            return otherwise != null
                    ? frame.value(otherwise)
                    : new Undefined("the inline if-expression evaluated to false and no else section was defined");
        }
    }

    /** {@code a < b <= c}: every neighbouring pair. */
    record Comparisons(int line, Expression first, List<String> operators, List<Expression> others)
            implements Expression {
        @Override
        public Object value(Scope frame) {
            Object left = frame.value(first);
            for (int i = 0; i < operators.size(); i++) {
                Object right = frame.value(others.get(i));
                if (!holds(frame.run, operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }

        private static boolean holds(Run run, String operator, Object left, Object right) {
            return switch (operator) {
                case "==" -> Comparison.equal(run, left, right);
                case "!=" -> !Comparison.equal(run, left, right);
                case "in" -> Comparison.contains(run, right, left);
                case "not in" -> !Comparison.contains(run, right, left);
                default -> Comparison.ordered(run, operator, left, right);
            };
        }
    }
}
