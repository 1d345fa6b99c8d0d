package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * Names of modules as in PEFT's {@code target_modules}. A text is {@code all-linear} or a regular expression that
 * matches full names of modules; a list holds full names or their last parts.
 */
public final class ModuleNames implements Serializable {
    private static final long serialVersionUID = 1;

    /** Text for every linear except the output head. */
    public static final String ALL_LINEAR = "all-linear";

    private final String expression;
    private final List<String> names;

    private ModuleNames(String expression, List<String> names) {
        this.expression = expression;
        this.names = names;
    }

    /** Returns the modules whose full name matches the expression, or all linears for {@code all-linear}. */
    public static ModuleNames matching(String expression) {
        return new ModuleNames(Objects.requireNonNull(expression, "expression"), List.of());
    }

    /** Returns the modules with a given name, or whose name ends in a dot and a given name. */
    public static ModuleNames of(List<String> names) {
        return new ModuleNames(null, List.copyOf(names));
    }

    /** Returns the expression, or null for a list. */
    public String expression() {
        return expression;
    }

    /** Returns the list, empty for an expression. */
    public List<String> names() {
        return names;
    }

    /** Returns a text or a list of texts. */
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
