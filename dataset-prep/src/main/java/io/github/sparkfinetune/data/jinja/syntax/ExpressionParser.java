package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.syntax.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Parser of expressions. Jinja's precedence, lowest first: inline if, or, and, not, comparisons, {@code + -},
 * {@code ~}, {@code * / // %}, {@code **}, sign, then calls, members, filters and tests.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> SUMS = Set.of("+", "-");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    private final TokenStream tokens;
    private final PrimaryParser primaries;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
        this.primaries = new PrimaryParser(tokens, this);
    }

    PrimaryParser primaries() {
        return primaries;
    }

    Expression expression() {
        tokens.enter();
        Expression then = or();
        while (tokens.current().isName("if")) {
            int line = tokens.next().line();
            Expression condition = or();
            then = new Expression.Conditional(line, condition, then, tokens.skipName("else") ? expression() : null);
        }
        tokens.leave();
        return then;
    }

    /** Parses an expression without an inline if. */
    Expression or() {
        Expression left = and();
        while (tokens.current().isName("or")) {
            int line = tokens.next().line();
            left = new Expression.Logic(line, false, left, and());
        }
        return left;
    }

    /**
     * Parses an expression, or several separated by commas, which are a tuple.
     *
     * @param end name of the keyword that ends the tuple, or null
     */
    Expression tuple(boolean inlineIf, String end, boolean mayBeEmpty) {
        int line = tokens.current().line();
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (!isTupleEnd(end)) {
            items.add(inlineIf ? expression() : or());
            if (!tokens.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && !items.isEmpty()) {
            return items.get(0);
        } else if (!isTuple && !mayBeEmpty) {
            throw tokens.unexpected("an expression");
        }
        return new Expression.TupleOf(line, items);
    }

    private boolean isTupleEnd(String end) {
        Token token = tokens.current();
        return token.is(Kind.VARIABLE_END)
                || token.is(Kind.BLOCK_END)
                || token.isOperator(")")
                || (end != null && token.isName(end));
    }

    private Expression and() {
        Expression left = not();
        while (tokens.current().isName("and")) {
            int line = tokens.next().line();
            left = new Expression.Logic(line, true, left, not());
        }
        return left;
    }

    private Expression not() {
        if (!tokens.current().isName("not")) {
            return comparison();
        }
        tokens.enter();
        int line = tokens.next().line();
        Expression operand = not();
        tokens.leave();
        return new Expression.Not(line, operand);
    }

    private Expression comparison() {
        int line = tokens.current().line();
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if ((token.is(Kind.OPERATOR) && COMPARISONS.contains(token.text())) || token.isName("in")) {
                operators.add(tokens.next().text());
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                break;
            }
            others.add(sum());
        }
        return operators.isEmpty() ? first : new Expression.Comparisons(line, first, operators, others);
    }

    private Expression sum() {
        Expression left = concatenation();
        while (isOperator(SUMS)) {
            Token operator = tokens.next();
            left = new Expression.Binary(operator.line(), operator.text(), left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        int line = tokens.current().line();
        List<Expression> parts = new ArrayList<>();
        parts.add(product());
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Concatenation(line, parts);
    }

    private Expression product() {
        Expression left = power();
        while (isOperator(PRODUCTS)) {
            Token operator = tokens.next();
            left = new Expression.Binary(operator.line(), operator.text(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (tokens.current().isOperator("**")) {
            int line = tokens.next().line();
            left = new Expression.Binary(line, "**", left, unary(true));
        }
        return left;
    }

    private boolean isOperator(Set<String> operators) {
        return tokens.current().is(Kind.OPERATOR)
                && operators.contains(tokens.current().text());
    }

    private Expression unary(boolean filters) {
        Expression node;
        if (isOperator(SUMS)) {
            tokens.enter();
            Token sign = tokens.next();
            node = new Expression.Signed(sign.line(), sign.text().equals("-"), unary(false));
            tokens.leave();
        } else {
            node = primaries.primary();
        }
        node = primaries.members(node);
        return filters ? primaries.filters(node) : node;
    }
}
