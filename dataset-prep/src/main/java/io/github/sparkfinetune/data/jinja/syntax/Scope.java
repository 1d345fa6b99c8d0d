package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.function.Globals;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Environment of a node: the variables that the node sees and the text that it appends to. As in Jinja, a loop's body,
 * a macro and a {@code generation} block have variables of their own, which are gone at their end.
 */
final class Scope {
    final Limits limits;
    /** Text of the whole template; {@link #out} differs from it while a block is captured. */
    final StringBuilder document;

    final Template.Generated generated;
    final StringBuilder out;
    private final Scope outer;
    private final Map<String, Object> variables;

    /** Creates the scope of a whole template. */
    Scope(Limits limits, StringBuilder document, Template.Generated generated, Map<String, Object> variables) {
        this.limits = limits;
        this.document = document;
        this.generated = generated;
        this.out = document;
        this.outer = null;
        this.variables = new HashMap<>(variables);
    }

    private Scope(Scope from, StringBuilder out, Scope outer, Map<String, Object> variables) {
        this.limits = from.limits;
        this.document = from.document;
        this.generated = from.generated;
        this.out = out;
        this.outer = outer;
        this.variables = variables;
    }

    /** Returns a scope inside this scope. */
    Scope inner() {
        return new Scope(this, out, this, new HashMap<>());
    }

    /** Returns this scope with another text to append to. */
    Scope to(StringBuilder other) {
        return new Scope(this, other, outer, variables);
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    /** Returns a variable, a global function, or {@link Undefined}. */
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.variables.get(name);
            if (value != null || scope.variables.containsKey(name)) {
                return value;
            }
        }
        Object global = Globals.of(name);
        return global != null ? global : Undefined.variable(name);
    }

    /** Evaluates an expression. */
    Object value(Expression expression) {
        limits.enter();
        try {
            return expression.value(this);
        } catch (TemplateFault e) {
            throw e.at(expression.line());
        } finally {
            limits.leave();
        }
    }

    boolean isTrue(Expression expression) {
        return Values.isTrue(value(expression));
    }

    /** Runs statements until their end, a {@code break} or a {@code continue}. */
    Statement.Flow run(List<Statement> body) {
        for (Statement statement : body) {
            limits.enter();
            try {
                Statement.Flow flow = statement.run(this);
                if (flow != Statement.Flow.NEXT) {
                    return flow;
                }
            } catch (TemplateFault e) {
                throw e.at(statement.line());
            } finally {
                limits.leave();
            }
        }
        return Statement.Flow.NEXT;
    }

    /** Returns the text of statements instead of appending it. */
    String captured(List<Statement> body) {
        StringBuilder text = new StringBuilder();
        to(text).run(body);
        return text.toString();
    }
}
