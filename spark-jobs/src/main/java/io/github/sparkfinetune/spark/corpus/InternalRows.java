package io.github.sparkfinetune.spark.corpus;

import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Reads Spark's internal rows of documents, which the iterators over sorted partitions use because they make no object
 * a value. Their columns have places and no names; this class alone knows the places.
 */
final class InternalRows {
    private InternalRows() {}

    /** Row of {@link Edges}. */
    record Edge(DocumentId node, DocumentId parent) {
        static Edge of(InternalRow row) {
            return new Edge(id(row, 0), id(row, 2));
        }
    }

    /** Document with the key of a band. */
    record Keyed(long key, DocumentId document) {
        static Keyed of(InternalRow row) {
            return new Keyed(row.getLong(0), id(row, 1));
        }
    }

    /** Document with its shingles. */
    record Shingled(DocumentId document, byte[] shingles) {
        static Shingled of(InternalRow row) {
            return new Shingled(id(row, 0), row.getBinary(2));
        }
    }

    /** Request of a partition for the shingles of a parent. */
    record Request(DocumentId parent, int target) {
        static Request of(InternalRow row) {
            return new Request(id(row, 0), row.getInt(2));
        }
    }

    /** Document of a generation with its signature and the key of a band. */
    record Member(long key, int generation, DocumentId document, byte[] signature, boolean isNew) {
        static Member of(InternalRow row) {
            return new Member(row.getLong(0), row.getInt(1), id(row, 2), row.getBinary(4), row.getBoolean(5));
        }
    }

    /** Returns the number in the only column of a row. */
    static long number(InternalRow row) {
        return row.getLong(0);
    }

    private static DocumentId id(InternalRow row, int column) {
        return new DocumentId(row.getLong(column), row.getLong(column + 1));
    }
}
