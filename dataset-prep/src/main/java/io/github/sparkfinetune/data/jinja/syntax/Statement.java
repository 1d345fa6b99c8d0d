package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.function.Filters;
import io.github.sparkfinetune.data.jinja.function.Loop;
import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.LazySequence;
import io.github.sparkfinetune.data.jinja.value.Repr;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Callee;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.Arrays;
import java.util.List;

/** A node of a template that acts. {@link Scope#run} runs the node within the limits, and adds its line to errors. */
sealed interface Statement {
    /** Continuation after a statement. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    /** Line of the template, from 1. */
    int line();

    Flow run(Scope scope);

    /** Template text. */
    record Data(int line, String text) implements Statement {
        @Override
        public Flow run(Scope scope) {
            scope.limits.append(scope.out, text);
            return Flow.NEXT;
        }
    }

    /** <code>{{ expression }}</code>. */
    record Print(int line, Expression expression) implements Statement {
        @Override
        public Flow run(Scope scope) {
            scope.limits.append(scope.out, Repr.string(scope.limits, scope.value(expression)));
            return Flow.NEXT;
        }
    }

    /** {@code if}, {@code elif}: runs the body of the first true condition, or {@code otherwise}. */
    record If(int line, List<Expression> conditions, List<List<Statement>> bodies, List<Statement> otherwise)
            implements Statement {
        @Override
        public Flow run(Scope scope) {
            for (int i = 0; i < conditions.size(); i++) {
                if (scope.isTrue(conditions.get(i))) {
                    return scope.run(bodies.get(i));
                }
            }
            return scope.run(otherwise);
        }
    }

    /** {@code for}; {@code filter} is null if the loop has none. */
    record For(
            int line,
            Target target,
            Expression iterable,
            Expression filter,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {
        @Override
        public Flow run(Scope scope) {
            Object items = scope.value(iterable);
            if (filter != null) {
                items = LazySequence.filtered(scope.limits, Values.iterator(items), item -> {
                    Scope inner = scope.inner();
                    target.assign(inner, item);
                    return inner.isTrue(filter);
                });
            }
            Loop loop = new Loop(scope.limits, items);
            boolean any = false;
            while (loop.advance()) {
                any = true;
                Scope inner = scope.inner();
                inner.set("loop", loop);
                target.assign(inner, loop.current());
                if (inner.run(body) == Flow.BREAK) {
                    break;
                }
            }
            if (!any) {
                scope.inner().run(otherwise);
            }
            return Flow.NEXT;
        }
    }

    /** {@code break} or {@code continue}. */
    record Jump(int line, Flow flow) implements Statement {
        @Override
        public Flow run(Scope scope) {
            return flow;
        }
    }

    /** {@code set target = expression}. */
    record Set(int line, Target target, Expression expression) implements Statement {
        @Override
        public Flow run(Scope scope) {
            target.assign(scope, scope.value(expression));
            return Flow.NEXT;
        }
    }

    /** {@code set target} ... {@code endset}: assigns the filtered text of the body. */
    record SetBlock(int line, Target target, List<Statement> body, List<NamedFilter> filters) implements Statement {
        @Override
        public Flow run(Scope scope) {
            target.assign(scope, NamedFilter.apply(filters, scope.inner().captured(body), scope));
            return Flow.NEXT;
        }
    }

    /** {@code filter name} ... {@code endfilter}. */
    record FilterBlock(int line, List<NamedFilter> filters, List<Statement> body) implements Statement {
        @Override
        public Flow run(Scope scope) {
            Object text = NamedFilter.apply(filters, scope.inner().captured(body), scope);
            scope.limits.append(scope.out, Repr.string(scope.limits, text));
            return Flow.NEXT;
        }
    }

    /** A filter that a block's text passes through. */
    record NamedFilter(Filters.Filter filter, Expression.ArgumentList arguments) {
        static Object apply(List<NamedFilter> filters, Object text, Scope scope) {
            Object value = text;
            for (NamedFilter filter : filters) {
                value = filter.filter.apply(value, filter.arguments.values(scope), scope.limits);
            }
            return value;
        }
    }

    /** {@code generation} ... {@code endgeneration}: marks text of the assistant. */
    record Generation(int line, List<Statement> body) implements Statement {
        @Override
        public Flow run(Scope scope) {
            if (scope.out != scope.document) {
                throw new TemplateFault("a generation block inside a macro, a set or a filter block has no place in the"
                        + " text: move it out");
            }
            int start = scope.out.length();
            scope.inner().run(body);
            scope.generated.span(start, scope.out.length());
            return Flow.NEXT;
        }
    }

    /**
     * Defines a macro, a function that returns the text of its body.
     *
     * @param defaults default of each parameter, null for a parameter without
     */
    record Macro(int line, String name, List<String> parameters, List<Expression> defaults, List<Statement> body)
            implements Statement {
        public Macro {
            defaults = java.util.Collections.unmodifiableList(Arrays.asList(defaults.toArray(new Expression[0])));
        }

        @Override
        public Flow run(Scope scope) {
            scope.set(name, new Callee(name, (limits, arguments) -> call(scope, arguments)));
            return Flow.NEXT;
        }

        private Object call(Scope definition, Arguments arguments) {
            Arguments.Bound bound = arguments.bind(name, 0, parameters.toArray(new String[0]));
            Scope inner = definition.inner();
            for (int i = 0; i < parameters.size(); i++) {
                String parameter = parameters.get(i);
                if (bound.has(i)) {
                    inner.set(parameter, bound.get(i));
                } else if (defaults.get(i) != null) {
                    inner.set(parameter, inner.value(defaults.get(i)));
                } else {
                    inner.set(parameter, new Undefined("parameter '" + parameter + "' was not provided"));
                }
            }
            return inner.captured(body);
        }
    }
}
