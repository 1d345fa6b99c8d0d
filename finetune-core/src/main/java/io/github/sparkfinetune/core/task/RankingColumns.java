package io.github.sparkfinetune.core.task;

/**
 * Columns of an evaluation whose rows are pairs of a query and a document that belongs to it. The metrics are computed
 * from one row per query instead, with the columns {@value #RANKS} and {@value #LOSS}, see
 * {@link io.github.sparkfinetune.core.rank.RankedQuery}.
 *
 * @param queryId column that is equal for equal queries
 * @param query column of the query's vector
 * @param documentId column that is equal for equal documents
 * @param document column of the document's vector
 * @param scale factor of cosines in the loss
 */
public record RankingColumns(String queryId, String query, String documentId, String document, double scale) {
    /** Column of the ranks of a query's documents. */
    public static final String RANKS = "ranks";
    /** Column of a query's loss. */
    public static final String LOSS = "loss";
}
