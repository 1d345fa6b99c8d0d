package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.function.Filters;
import io.github.sparkfinetune.data.jinja.function.Tests;
import io.github.sparkfinetune.data.jinja.syntax.Token.Kind;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parser of literals and names, and of the members, calls, filters and tests behind them. */
final class PrimaryParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;

    PrimaryParser(TokenStream tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    Expression primary() {
        Token token = tokens.current();
        if (token.is(Kind.NAME)) {
            tokens.next();
            return name(token);
        } else if (token.is(Kind.LITERAL)) {
            Object value = tokens.next().value();
            StringBuilder text = new StringBuilder(String.valueOf(value));
            boolean joined = false;
            while (value instanceof String
                    && tokens.current().value() instanceof String more
                    && tokens.current().is(Kind.LITERAL)) {
                text.append(more);
                joined = true;
                tokens.next();
            }
            return new Expression.Constant(token.line(), joined ? text.toString() : value);
        } else if (tokens.skipOperator("(")) {
            tokens.enter();
            Expression inside = expressions.tuple(true, null, true);
            tokens.leave();
            tokens.expectOperator(")");
            return inside;
        } else if (tokens.skipOperator("[")) {
            List<Expression> items = new ArrayList<>();
            while (!tokens.skipOperator("]")) {
                items.add(expressions.expression());
                endOfElement("]");
            }
            return new Expression.ListOf(token.line(), items);
        } else if (tokens.skipOperator("{")) {
            return map(token.line());
        }
        throw tokens.unexpected("an expression");
    }

    private void endOfElement(String end) {
        if (!tokens.current().isOperator(end)) {
            tokens.expectOperator(",");
        }
    }

    private static Expression name(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expression.Constant(token.line(), true);
            case "false", "False" -> new Expression.Constant(token.line(), false);
            case "none", "None" -> new Expression.Constant(token.line(), null);
            case "varargs", "kwargs", "caller", "self", "super" ->
                throw new TemplateFault("Jinja's variable '" + token.text() + "' is not supported", token.line());
            default -> new Expression.Name(token.line(), token.text());
        };
    }

    private Expression map(int line) {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.skipOperator("}")) {
            keys.add(expressions.expression());
            tokens.expectOperator(":");
            values.add(expressions.expression());
            endOfElement("}");
        }
        return new Expression.MapOf(line, keys, values);
    }

    /** Parses the parts that may directly follow a value: {@code .name}, {@code [key]}, {@code (arguments)}. */
    Expression members(Expression value) {
        Expression node = value;
        while (true) {
            int line = tokens.current().line();
            if (tokens.skipOperator(".")) {
                Token member = tokens.next();
                if (member.is(Kind.LITERAL) && member.value() instanceof Long) {
                    node = new Expression.Item(line, node, new Expression.Constant(line, member.value()));
                } else if (member.is(Kind.NAME)) {
                    node = new Expression.Attribute(line, node, member.text());
                } else {
                    throw new TemplateFault("expected a name or a number after '.'", line);
                }
            } else if (tokens.skipOperator("[")) {
                node = subscript(line, node);
                tokens.expectOperator("]");
            } else if (tokens.current().isOperator("(")) {
                node = new Expression.Call(line, node, arguments());
            } else {
                return node;
            }
        }
    }

    private Expression subscript(int line, Expression owner) {
        Expression start = tokens.current().isOperator(":") ? null : expressions.expression();
        if (!tokens.skipOperator(":")) {
            return new Expression.Item(line, owner, start);
        }
        Expression stop = bound();
        Expression step = tokens.skipOperator(":") ? bound() : null;
        return new Expression.Slice(line, owner, start, stop, step);
    }

    private Expression bound() {
        boolean empty = tokens.current().isOperator(":") || tokens.current().isOperator("]");
        return empty ? null : expressions.expression();
    }

    /** Parses the parts that may follow a value and its members: {@code | filter}, {@code is test}, calls. */
    Expression filters(Expression value) {
        Expression node = value;
        while (true) {
            int line = tokens.current().line();
            if (tokens.skipOperator("|")) {
                Filters.Filter filter = filter();
                node = new Expression.Filtered(line, node, filter, optionalArguments());
            } else if (tokens.skipName("is")) {
                node = test(line, node);
            } else if (tokens.current().isOperator("(")) {
                node = new Expression.Call(line, node, arguments());
            } else {
                return node;
            }
        }
    }

    /** Returns the filter that the next token names. */
    Filters.Filter filter() {
        Token name = tokens.expect(Kind.NAME);
        try {
            return Filters.of(name.text());
        } catch (TemplateFault e) {
            throw e.at(name.line());
        }
    }

    private Expression test(int line, Expression input) {
        boolean negated = tokens.skipName("not");
        Token name = tokens.expect(Kind.NAME);
        Expression.ArgumentList arguments = Expression.ArgumentList.NONE;
        Token next = tokens.current();
        if (next.isOperator("(")) {
            arguments = arguments();
        } else if (next.is(Kind.LITERAL)
                || next.isOperator("[")
                || next.isOperator("{")
                || (next.is(Kind.NAME) && !next.isName("else") && !next.isName("or") && !next.isName("and"))) {
            if (next.isName("is")) {
                throw new TemplateFault("tests cannot be chained", next.line());
            }
            arguments = new Expression.ArgumentList(List.of(members(primary())), Map.of(), null, null);
        }
        try {
            Expression test = new Expression.Tested(line, input, Tests.of(name.text()), arguments);
            return negated ? new Expression.Not(line, test) : test;
        } catch (TemplateFault e) {
            throw e.at(name.line());
        }
    }

    /** Parses arguments in parentheses, if there are any. */
    Expression.ArgumentList optionalArguments() {
        return tokens.current().isOperator("(") ? arguments() : Expression.ArgumentList.NONE;
    }

    private Expression.ArgumentList arguments() {
        int line = tokens.current().line();
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression spread = null;
        Expression spreadNamed = null;
        while (!tokens.skipOperator(")")) {
            boolean valid = spreadNamed == null;
            if (tokens.skipOperator("*")) {
                valid &= spread == null;
                spread = expressions.expression();
            } else if (tokens.skipOperator("**")) {
                spreadNamed = expressions.expression();
            } else if (tokens.current().is(Kind.NAME) && tokens.following().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                valid &= named.put(name, expressions.expression()) == null;
            } else {
                valid &= named.isEmpty() && spread == null;
                positional.add(expressions.expression());
            }
            if (!valid) {
                throw new TemplateFault("invalid syntax for function call expression", line);
            }
            endOfElement(")");
        }
        return new Expression.ArgumentList(positional, named, spread, spreadNamed);
    }
}
