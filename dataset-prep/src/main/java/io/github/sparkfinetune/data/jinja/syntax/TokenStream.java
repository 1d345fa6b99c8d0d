package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.syntax.Token.Kind;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import java.util.List;

/** Tokens with a cursor, and the nesting depth of the parser. */
final class TokenStream {
    private static final int MAX_DEPTH = 150;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /** Returns the current token and moves past it. */
    Token next() {
        Token token = current();
        if (!token.is(Kind.END)) {
            at++;
        }
        return token;
    }

    boolean skipName(String name) {
        return skip(current().isName(name));
    }

    boolean skipOperator(String operator) {
        return skip(current().isOperator(operator));
    }

    private boolean skip(boolean matches) {
        if (matches) {
            next();
        }
        return matches;
    }

    Token expect(Kind kind) {
        if (!current().is(kind)) {
            throw unexpected(kind.toString());
        }
        return next();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    TemplateFault unexpected(String expected) {
        return new TemplateFault(
                "expected " + expected + ", got " + current().shown(), current().line());
    }

    /** Enters a nesting level; {@link #leave()} follows unless parsing fails. */
    void enter() {
        if (++depth > MAX_DEPTH) {
            throw new TemplateFault(
                    "it is nested more than " + MAX_DEPTH + " levels deep",
                    current().line());
        }
    }

    void leave() {
        depth--;
    }
}
