package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * Names of modules as PEFT's {@code target_modules} has them: one text is a regular expression that a module's full
 * name must match, or {@code all-linear}; a list holds full names or their last parts.
 */
public final class ModuleNames implements Serializable {
    private static final long serialVersionUID = 1;

    private final String expression;
    private final List<String> names;

    private ModuleNames(String expression, List<String> names) {
        this.expression = expression;
        this.names = names;
    }

    /** Modules whose full name matches, or {@code all-linear}. */
    public static ModuleNames matching(String expression) {
        return new ModuleNames(Objects.requireNonNull(expression, "expression"), List.of());
    }

    /** Modules with these names, or whose name ends in a dot and one of them. */
    public static ModuleNames of(List<String> names) {
        return new ModuleNames(null, List.copyOf(names));
    }

    /** The expression, or null where it is a list. */
    public String expression() {
        return expression;
    }

    /** The list, empty where it is an expression. */
    public List<String> names() {
        return names;
    }

    /** A text or a list of texts. */
    @JsonValue
    public Object value() {
        return expression != null ? expression : names;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModuleNames that && value().equals(that.value());
    }

    @Override
    public int hashCode() {
        return value().hashCode();
    }

    @Override
    public String toString() {
        return value().toString();
    }
}
