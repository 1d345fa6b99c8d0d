package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.List;

/** Names of columns: one name as a text, several as a list. A list may be empty. */
public final class ColumnNames implements Serializable {
    private static final long serialVersionUID = 1;

    private final List<String> names;

    private ColumnNames(List<String> names) {
        this.names = names;
    }

    /** Returns the columns with these names. */
    public static ColumnNames of(List<String> names) {
        return new ColumnNames(List.copyOf(names));
    }

    /** Returns the names. */
    public List<String> names() {
        return names;
    }

    /** Returns a text or a list of texts. */
    @JsonValue
    public Object value() {
        return names.size() == 1 ? names.get(0) : names;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ColumnNames that && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return names.hashCode();
    }

    /** Returns the names in YAML's flow style. */
    @Override
    public String toString() {
        return value().toString();
    }
}
