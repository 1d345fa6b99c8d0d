package io.github.sparkfinetune.spark.erase;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.source.SourceReader;

/**
 * Choice of the documents to erase.
 *
 * @param kind what the value is
 * @param value hash, name of a file, or {@code COLUMN=VALUE}
 * @param nearDuplicates whether documents that are nearly equal to the chosen ones are chosen too, by {@code ngram} and
 *     {@code threshold} of {@code data.corpus.near_dedup}
 */
public record Selection(Kind kind, String value, boolean nearDuplicates) {
    /** How documents are chosen. */
    public enum Kind {
        /** Hash of a document's content, as {@code trace} shows it. */
        HASH("--hash"),
        /** File with a text, or with a row as one JSON object. */
        FILE("--text-file"),
        /** Value of a column of the sources. */
        WHERE("--where");

        private final String option;

        Kind(String option) {
            this.option = option;
        }

        /** Returns the option of the command line. */
        public String option() {
            return option;
        }
    }

    public Selection {
        if (kind == Kind.WHERE && value.indexOf('=') < 1) {
            throw RunException.config("--where: " + value + " is not COLUMN=VALUE");
        }
    }

    /** Chooses documents without their near-duplicates. */
    public Selection(Kind kind, String value) {
        this(kind, value, false);
    }

    ContentHash hash() {
        try {
            return ContentHash.ofHex(value);
        } catch (IllegalArgumentException e) {
            throw RunException.config("--hash: " + value
                    + " is not the hash of a document: it must be 32 hexadecimal digits, as trace shows it");
        }
    }

    SourceReader.ColumnValue column() {
        int end = value.indexOf('=');
        return new SourceReader.ColumnValue(value.substring(0, end), value.substring(end + 1));
    }

    /** Returns the choice for messages. */
    public String shown() {
        return kind.option() + ": " + value;
    }
}
