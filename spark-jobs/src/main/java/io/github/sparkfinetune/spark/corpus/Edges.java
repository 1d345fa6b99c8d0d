package io.github.sparkfinetune.spark.corpus;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * Pairs of documents as rows of four columns: the {@link DocumentId} of a document, then the id of a document with a
 * smaller hash.
 */
final class Edges {
    static final String NODE = "node";
    static final String PARENT = "parent";
    static final StructType SCHEMA = DocumentId.columns(DocumentId.columns(new StructType(), NODE), PARENT);

    private Edges() {}

    /** Returns both columns of {@link #NODE} or {@link #PARENT}. */
    static Column[] columns(String role) {
        return new Column[] {functions.col(role + 1), functions.col(role + 2)};
    }

    static Row row(DocumentId node, DocumentId parent) {
        return RowFactory.create(node.first(), node.second(), parent.first(), parent.second());
    }
}
