package io.github.sparkfinetune.core.task;

/**
 * Columns of an evaluation whose rows are pairs of a query and a document that belongs to it. The metrics are computed
 * from one {@link io.github.sparkfinetune.core.rank.RankedQuery} per query instead.
 *
 * @param queryId column that is equal for equal queries
 * @param query column of the query's vector
 * @param documentId column that is equal for equal documents
 * @param document column of the document's vector
 * @param scale factor of cosines in the loss
 */
public record RankingColumns(String queryId, String query, String documentId, String document, double scale) {}
