package io.github.sparkfinetune.data.jinja;

import java.util.List;

/** Statements. */
final class CompoundStatements {
    private CompoundStatements() {}

    /** Template text. */
    record Data(int line, String text) implements Statement {
        @Override
        public Flow run(Scope frame) {
            frame.run.append(frame.out, text);
            return Flow.NEXT;
        }
    }

    /** <code>{{ expression }}</code>. */
    record Print(int line, Expression expression) implements Statement {
        @Override
        public Flow run(Scope frame) {
            frame.run.append(frame.out, Repr.string(frame.run, frame.value(expression)));
            return Flow.NEXT;
        }
    }

    /** {@code if}, {@code elif}: the body of the first condition that holds, or {@code otherwise}. */
    record If(int line, List<Expression> conditions, List<List<Statement>> bodies, List<Statement> otherwise)
            implements Statement {
        @Override
        public Flow run(Scope frame) {
            for (int i = 0; i < conditions.size(); i++) {
                if (frame.isTrue(conditions.get(i))) {
                    return frame.run(bodies.get(i));
                }
            }
            return frame.run(otherwise);
        }
    }

    /** A loop; {@code filter} is null where there is none. */
    record For(
            int line,
            Target target,
            Expression iterable,
            Expression filter,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {
        @Override
        public Flow run(Scope frame) {
            Object items = frame.value(iterable);
            if (filter != null) {
                items = LazySequence.filtered(frame.run, Values.iterator(items), item -> {
                    Scope inner = frame.inner();
                    target.assign(inner, item);
                    return inner.isTrue(filter);
                });
            }
            Loop loop = new Loop(frame.run, items);
            boolean any = false;
            while (loop.advance()) {
                any = true;
                Scope inner = frame.inner();
                inner.set("loop", loop);
                target.assign(inner, loop.current());
                if (inner.run(body) == Flow.BREAK) {
                    break;
                }
            }
            if (!any) {
                frame.inner().run(otherwise);
            }
            return Flow.NEXT;
        }
    }

    /** {@code break} or {@code continue}. */
    record Jump(int line, Flow flow) implements Statement {
        @Override
        public Flow run(Scope frame) {
            return flow;
        }
    }

    /** {@code set target = expression}. */
    record Set(int line, Target target, Expression expression) implements Statement {
        @Override
        public Flow run(Scope frame) {
            target.assign(frame, frame.value(expression));
            return Flow.NEXT;
        }
    }

    /** {@code set target} ... {@code endset}: the text of the body, filtered. */
    record SetBlock(int line, Target target, List<Statement> body, List<NamedFilter> filters) implements Statement {
        @Override
        public Flow run(Scope frame) {
            target.assign(frame, NamedFilter.apply(filters, frame.inner().captured(body), frame));
            return Flow.NEXT;
        }
    }

    /** {@code filter name} ... {@code endfilter}. */
    record FilterBlock(int line, List<NamedFilter> filters, List<Statement> body) implements Statement {
        @Override
        public Flow run(Scope frame) {
            Object text = NamedFilter.apply(filters, frame.inner().captured(body), frame);
            frame.run.append(frame.out, Repr.string(frame.run, text));
            return Flow.NEXT;
        }
    }

    /** A filter that a block goes through. */
    record NamedFilter(Filters.Filter filter, Access.ArgumentList arguments) {
        static Object apply(List<NamedFilter> filters, Object text, Scope frame) {
            Object value = text;
            for (NamedFilter filter : filters) {
                value = filter.filter.apply(value, filter.arguments.values(frame), frame.run);
            }
            return value;
        }
    }

    /** {@code generation} ... {@code endgeneration}: what the assistant is to learn. */
    record Generation(int line, List<Statement> body) implements Statement {
        @Override
        public Flow run(Scope frame) {
            if (frame.out != frame.run.out) {
                throw new TemplateFault("a generation block inside a macro, a set or a filter block has no place in the"
                        + " text: move it out");
            }
            int start = frame.out.length();
            frame.inner().run(body);
            frame.run.spans.add(new ChatTemplate.Span(start, frame.out.length()));
            return Flow.NEXT;
        }
    }
}
