package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.Locale;

/**
 * Objective of task {@code reranking}, under the names of {@code sentence-transformers}, and the documents that it
 * compares.
 *
 * @param loss loss of the documents of a query
 * @param posWeight factor of the loss of relevant documents with {@code reranking.loss: binary_cross_entropy}
 * @param negative column with a text, or a list of texts, that does not belong to {@code data.text}; then
 *     {@code data.text_pair} is a text that does, and rows have no {@code data.label}; null: a row is a pair with its
 *     relevance in {@code data.label}
 * @param numNegatives number of texts of {@code reranking.negative} that a row uses, the first ones
 */
public record RerankingConfig(
        Loss loss, double posWeight, @Key(optional = true) String negative, int numNegatives) implements Serializable {

    /** Loss of documents with a relevance. */
    public enum Loss {
        /** Cross-entropy of each document's relevance (BinaryCrossEntropyLoss). */
        @JsonProperty("binary_cross_entropy")
        BINARY_CROSS_ENTROPY,
        /** Cross-entropy of the distribution of relevance over the documents of a row (ListNetLoss). */
        @JsonProperty("list_net")
        LIST_NET,
        /** Order of the document that belongs to the query and each other one, by its effect on NDCG (LambdaLoss). */
        @JsonProperty("lambda")
        LAMBDA
    }

    public RerankingConfig {
        Check.present("reranking.loss", loss);
        Check.that(posWeight > 0, "reranking.pos_weight", posWeight, "above 0");
        Check.that(
                posWeight == 1 || loss == Loss.BINARY_CROSS_ENTROPY,
                "reranking.pos_weight",
                posWeight,
                "1 unless reranking.loss is binary_cross_entropy");
        Check.that(
                negative != null || loss == Loss.BINARY_CROSS_ENTROPY,
                "reranking.loss",
                loss.name().toLowerCase(Locale.ROOT),
                "binary_cross_entropy unless reranking.negative names a column: other losses compare documents");
        Check.that(numNegatives >= 1, "reranking.num_negatives", numNegatives, "at least 1");
    }

    /** Returns whether a row is a query with several documents, without a label. */
    public boolean comparesLists() {
        return negative != null;
    }

    /** Returns the largest number of documents of a row. */
    public int most() {
        return negative == null ? 1 : 1 + numNegatives;
    }
}
