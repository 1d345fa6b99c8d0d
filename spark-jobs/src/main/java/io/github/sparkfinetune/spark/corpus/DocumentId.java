package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.task.ContentHash;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A document's content hash as two columns of longs. Spark orders longs as signed numbers, but a hash is ordered by its
 * hexadecimal form, which is unsigned. So the upper bit of both halves is flipped.
 */
record DocumentId(long first, long second) implements Comparable<DocumentId> {

    static DocumentId of(ContentHash hash) {
        return new DocumentId(hash.first() ^ Long.MIN_VALUE, hash.second() ^ Long.MIN_VALUE);
    }

    /** Returns the id in the columns NAME1 and NAME2 of a row. */
    static DocumentId of(Row row, String name) {
        return new DocumentId(row.getAs(name + 1), row.getAs(name + 2));
    }

    ContentHash toHash() {
        return new ContentHash(first ^ Long.MIN_VALUE, second ^ Long.MIN_VALUE);
    }

    /** Returns a schema with two columns added, NAME1 and NAME2, for the halves of 128 bits. */
    static StructType columns(StructType before, String name) {
        return before.add(name + 1, DataTypes.LongType, false).add(name + 2, DataTypes.LongType, false);
    }

    @Override
    public int compareTo(DocumentId other) {
        int order = Long.compare(first, other.first);
        return order == 0 ? Long.compare(second, other.second) : order;
    }
}
