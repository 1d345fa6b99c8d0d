package io.github.sparkfinetune.data.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a node is evaluated: the variables that it sees and the text that it appends to. Jinja's scopes: a loop's body,
 * a macro and a {@code generation} block have variables of their own; what they set is gone at their end.
 */
final class Scope {
    final Run run;
    final StringBuilder out;
    private final Scope outer;
    private final Map<String, Object> variables;

    private Scope(Run run, StringBuilder out, Scope outer, Map<String, Object> variables) {
        this.run = run;
        this.out = out;
        this.outer = outer;
        this.variables = variables;
    }

    static Scope root(Run run, Map<String, Object> variables) {
        return new Scope(run, run.out, null, new HashMap<>(variables));
    }

    /** A scope inside this one. */
    Scope inner() {
        return new Scope(run, out, this, new HashMap<>());
    }

    /** This scope, appending to another text. */
    Scope to(StringBuilder other) {
        return new Scope(run, other, outer, variables);
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    /** A variable, a global function, or {@link Undefined}. */
    Object get(String name) {
        for (Scope frame = this; frame != null; frame = frame.outer) {
            Object value = frame.variables.get(name);
            if (value != null || frame.variables.containsKey(name)) {
                return value;
            }
        }
        Object global = Globals.of(name);
        return global != null ? global : Undefined.variable(name);
    }

    /** Value of an expression. */
    Object value(Expression expression) {
        run.enter();
        try {
            return expression.value(this);
        } catch (TemplateFault e) {
            throw e.at(expression.line());
        } finally {
            run.leave();
        }
    }

    boolean isTrue(Expression expression) {
        return Values.isTrue(value(expression));
    }

    /** Runs statements until their end, a {@code break} or a {@code continue}. */
    Statement.Flow run(List<Statement> body) {
        for (Statement statement : body) {
            run.enter();
            try {
                Statement.Flow flow = statement.run(this);
                if (flow != Statement.Flow.NEXT) {
                    return flow;
                }
            } catch (TemplateFault e) {
                throw e.at(statement.line());
            } finally {
                run.leave();
            }
        }
        return Statement.Flow.NEXT;
    }

    /** Text that statements make in this scope, instead of appending it. */
    String captured(List<Statement> body) {
        StringBuilder text = new StringBuilder();
        to(text).run(body);
        return text.toString();
    }
}
