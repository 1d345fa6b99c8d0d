package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.redact.Redaction;
import java.io.Serializable;

/**
 * How the texts of a source are cleaned.
 *
 * @param maxBytes length at which a text is cut
 * @param redaction personal data to replace, or null
 */
public record TextCleaning(int maxBytes, Redaction redaction) implements Serializable {

    /** Returns the cleaning of all rows of a run, to train on and to predict from. */
    public static TextCleaning of(DataConfig data) {
        return new TextCleaning(data.rows().maxTextBytes(), Redaction.of(data.redact()));
    }

    /** Returns a cleaning that replaces nothing. */
    public static TextCleaning plain(int maxBytes) {
        return new TextCleaning(maxBytes, null);
    }

    /** Returns a cleaner for one thread. */
    public TextCleaner open() {
        return new TextCleaner(maxBytes, redaction == null ? null : redaction.open());
    }
}
