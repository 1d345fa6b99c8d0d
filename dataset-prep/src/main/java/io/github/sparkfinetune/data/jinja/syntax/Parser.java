package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.function.Filters;
import io.github.sparkfinetune.data.jinja.syntax.Token.Kind;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parser of statements. */
final class Parser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    private boolean hasGenerationBlocks;
    private int loops;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
        this.targets = new TargetParser(tokens);
    }

    static Template parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        List<Statement> body = parser.statements(Set.of());
        return new Template(body, parser.hasGenerationBlocks);
    }

    /** Parses statements up to a block that starts with one of the names; that name becomes the current token. */
    private List<Statement> statements(Set<String> ends) {
        tokens.enter();
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> body.add(new Statement.Data(token.line(), (String) token.value()));
                case VARIABLE_BEGIN -> {
                    body.add(new Statement.Print(token.line(), expressions.tuple(true, null, false)));
                    tokens.expect(Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    if (tokens.current().is(Kind.NAME)
                            && ends.contains(tokens.current().text())) {
                        tokens.leave();
                        return body;
                    }
                    body.add(statement());
                    tokens.expect(Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw new TemplateFault(
                                "it ends inside a block: " + String.join(" or ", new java.util.TreeSet<>(ends))
                                        + " is missing",
                                token.line());
                    }
                    tokens.leave();
                    return body;
                }
            }
        }
    }

    /** Parses the body of a block whose tag ends here, and skips the block's {@code end}. */
    private List<Statement> body(String end) {
        List<Statement> body = branch(Set.of(end));
        tokens.next();
        return body;
    }

    private List<Statement> branch(Set<String> ends) {
        tokens.skipOperator(":");
        tokens.expect(Kind.BLOCK_END);
        return statements(ends);
    }

    /** Parses a body that is rendered separately, so that no jump may leave it. */
    private List<Statement> closedBody(String end) {
        int outer = loops;
        loops = 0;
        List<Statement> body = body(end);
        loops = outer;
        return body;
    }

    private Statement statement() {
        Token tag = tokens.expect(Kind.NAME);
        return switch (tag.text()) {
            case "if" -> ifStatement(tag.line());
            case "for" -> forStatement(tag.line());
            case "set" -> setStatement(tag.line());
            case "macro" -> macro(tag.line());
            case "filter" -> {
                List<Statement.NamedFilter> filters = new ArrayList<>();
                filters.add(namedFilter());
                filters.addAll(namedFilters());
                yield new Statement.FilterBlock(tag.line(), filters, closedBody("endfilter"));
            }
            case "generation" -> {
                hasGenerationBlocks = true;
                yield new Statement.Generation(tag.line(), closedBody("endgeneration"));
            }
            case "break" -> jump(tag, Statement.Flow.BREAK);
            case "continue" -> jump(tag, Statement.Flow.CONTINUE);
            default -> throw new TemplateFault("the tag '" + tag.text() + "' is not supported here", tag.line());
        };
    }

    private Statement jump(Token tag, Statement.Flow flow) {
        if (loops == 0) {
            throw new TemplateFault("'" + tag.text() + "' outside a loop", tag.line());
        }
        return new Statement.Jump(tag.line(), flow);
    }

    private Statement ifStatement(int line) {
        List<Expression> conditions = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        List<Statement> otherwise = List.of();
        while (true) {
            conditions.add(expressions.tuple(false, null, false));
            bodies.add(branch(Set.of("elif", "else", "endif")));
            String next = tokens.next().text();
            if (next.equals("else")) {
                otherwise = body("endif");
            }
            if (!next.equals("elif")) {
                return new Statement.If(line, conditions, bodies, otherwise);
            }
        }
    }

    private Statement forStatement(int line) {
        Target target = targets.target("in", false);
        tokens.expectName("in");
        Expression iterable = expressions.tuple(false, "recursive", false);
        Expression filter = tokens.skipName("if") ? expressions.expression() : null;
        if (tokens.current().isName("recursive")) {
            throw new TemplateFault("recursive loops are not supported", line);
        }
        loops++;
        List<Statement> body = branch(Set.of("endfor", "else"));
        loops--;
        List<Statement> otherwise = tokens.next().text().equals("else") ? body("endfor") : List.of();
        return new Statement.For(line, target, iterable, filter, body, otherwise);
    }

    private Statement setStatement(int line) {
        Target target = targets.target(null, true);
        if (tokens.skipOperator("=")) {
            return new Statement.Set(line, target, expressions.tuple(true, null, false));
        }
        List<Statement.NamedFilter> filters = namedFilters();
        return new Statement.SetBlock(line, target, closedBody("endset"), filters);
    }

    private List<Statement.NamedFilter> namedFilters() {
        List<Statement.NamedFilter> filters = new ArrayList<>();
        while (tokens.skipOperator("|")) {
            filters.add(namedFilter());
        }
        return filters;
    }

    private Statement.NamedFilter namedFilter() {
        Filters.Filter filter = expressions.primaries().filter();
        return new Statement.NamedFilter(filter, expressions.primaries().optionalArguments());
    }

    private Statement macro(int line) {
        String name = tokens.expect(Kind.NAME).text();
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        tokens.expectOperator("(");
        while (!tokens.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            parameters.add(tokens.expect(Kind.NAME).text());
            boolean optional = tokens.skipOperator("=");
            if (!optional && !defaults.isEmpty() && defaults.get(defaults.size() - 1) != null) {
                throw new TemplateFault("non-default argument follows default argument", line);
            }
            defaults.add(optional ? expressions.expression() : null);
        }
        return new Statement.Macro(line, name, parameters, defaults, closedBody("endmacro"));
    }
}
