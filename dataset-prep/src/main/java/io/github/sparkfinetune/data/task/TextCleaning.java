package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redaction;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/**
 * Cleaning of a source's texts.
 *
 * @param maxBytes length at which a text is cut
 * @param redaction personal data to replace, or null
 */
public record TextCleaning(int maxBytes, Redaction redaction) implements Serializable {
    private static final String PERSON = "data.redact.person";

    /** Returns the cleaning of all rows of a run, to train on and to predict from. */
    public static TextCleaning of(DataConfig data) {
        return new TextCleaning(data.maxTextBytes(), Redaction.of(data.redact()));
    }

    /**
     * Returns the column of the persons of a source; empty if its rows have none. Rows to predict may lack the column.
     *
     * @throws RunException if a source to train on lacks the column
     */
    public static Optional<String> person(DataConfig data, RawSource source) {
        String column = data.redact().person();
        if (column == null) {
            return Optional.empty();
        }
        if (source.split() != null) {
            source.requireColumns(PERSON, List.of(column));
            // Lines without a row have no columns.
            if (!source.columns().isEmpty()) {
                source.requireColumn(PERSON, column, "");
            }
        }
        return Optional.of(column).filter(source.columns()::contains);
    }

    /** Returns a cleaning that replaces nothing. */
    public static TextCleaning plain(int maxBytes) {
        return new TextCleaning(maxBytes, null);
    }

    /**
     * Returns a cleaner for one thread.
     *
     * @param byModel spans of the redaction's model
     */
    public TextCleaner open(ModelSpans byModel) {
        return new TextCleaner(maxBytes, redaction == null ? null : redaction.open(byModel));
    }
}
