package io.github.sparkfinetune.extra.erase;

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
 * @param asPrepared whether the documents are found by what the dataset keeps of its rows, not in its sources
 */
public record Selection(Kind kind, String value, boolean nearDuplicates, boolean asPrepared) {
    /** Ways to choose documents. */
    public enum Kind {
        /** Hash of a document's content, as {@code trace} shows it. */
        HASH("--hash"),
        /** File with a text, or with a row as one JSON object. */
        FILE("--text-file"),
        /** Value of a column of the sources. */
        WHERE("--where"),
        /** Value of {@code data.subject}, by the dataset's own hashes. */
        SUBJECT("--subject");

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
        if (nearDuplicates && (asPrepared || kind == Kind.SUBJECT)) {
            throw RunException.config("--near-duplicates compares the texts of the sources, which "
                    + (asPrepared ? "--as-prepared" : "--subject")
                    + " does not read: leave it out, or choose documents by"
                    + " --where, --hash or --text-file");
        }
        if (asPrepared && kind == Kind.FILE) {
            throw RunException.config("--as-prepared: --text-file reads no source anyway: leave --as-prepared out");
        }
    }

    /** Chooses documents without their near-duplicates. */
    public Selection(Kind kind, String value) {
        this(kind, value, false, false);
    }

    /** Returns whether no source is read. */
    boolean readsNoSource() {
        return asPrepared || kind == Kind.SUBJECT;
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

    /** Returns the choice for messages. A subject is a person: messages may be kept longer than its documents. */
    public String shown() {
        return kind == Kind.SUBJECT ? kind.option() : kind.option() + ": " + value;
    }
}
