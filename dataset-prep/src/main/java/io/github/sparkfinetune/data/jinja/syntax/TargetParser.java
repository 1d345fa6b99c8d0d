package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.syntax.Token.Kind;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parser of the left side of {@code =} in a {@code set} and of {@code in} in a loop. */
final class TargetParser {
    private static final Set<String> RESERVED = Set.of("true", "True", "false", "False", "none", "None");

    private final TokenStream tokens;

    TargetParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** @param end keyword that ends the target, or null */
    Target target(String end, boolean namespaces) {
        List<Target> targets = new ArrayList<>();
        boolean isTuple = false;
        while (targets.isEmpty() || !isEnd(end)) {
            targets.add(single(namespaces));
            if (!tokens.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        return isTuple ? new Target.Unpacked(targets) : targets.get(0);
    }

    private boolean isEnd(String end) {
        Token token = tokens.current();
        return token.is(Kind.BLOCK_END)
                || token.isOperator("=")
                || token.isOperator(")")
                || (end != null && token.isName(end));
    }

    private Target single(boolean namespaces) {
        tokens.enter();
        try {
            if (tokens.skipOperator("(")) {
                Target inside = target(null, namespaces);
                tokens.expectOperator(")");
                return inside;
            }
            Token name = tokens.expect(Kind.NAME);
            if (RESERVED.contains(name.text())) {
                throw new TemplateFault("cannot assign to " + name.text(), name.line());
            }
            if (namespaces && tokens.skipOperator(".")) {
                return new Target.NamespaceAttribute(
                        name.text(), tokens.expect(Kind.NAME).text());
            }
            return new Target.Variable(name.text());
        } finally {
            tokens.leave();
        }
    }
}
