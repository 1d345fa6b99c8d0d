package io.github.sparkfinetune.data.jinja.syntax;

/**
 * The smallest piece of a template.
 *
 * @param text characters of a name or an operator; empty for other kinds
 * @param value text of {@link Kind#DATA}, value of a literal, else null
 * @param line line of its start, from 1
 */
record Token(Kind kind, String text, Object value, int line) {
    enum Kind {
        DATA("text"),
        BLOCK_BEGIN("{%"),
        BLOCK_END("%}"),
        VARIABLE_BEGIN("{{"),
        VARIABLE_END("}}"),
        NAME("a name"),
        LITERAL("a literal"),
        OPERATOR("an operator"),
        END("the end of the template");

        private final String shown;

        Kind(String shown) {
            this.shown = shown;
        }

        @Override
        public String toString() {
            return shown;
        }
    }

    boolean is(Kind other) {
        return kind == other;
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** Returns the token as errors show it. */
    String shown() {
        return text.isEmpty() ? kind.toString() : "'" + text + "'";
    }
}
