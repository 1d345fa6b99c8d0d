package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;

/**
 * Objective of task {@code embedding}, under the names of {@code sentence-transformers}, and the texts that it
 * compares.
 *
 * @param loss loss of the pairs of a whole global batch
 * @param scale factor of cosine similarities in the loss, the inverse of a temperature
 * @param pooling how the hidden states of a text's tokens become one vector
 * @param matryoshkaDims numbers of a vector's first elements that are also trained to be a vector, each with the weight
 *     of the whole vector; []: none
 * @param negative column with a text, or a list of texts, that does not belong to {@code data.text}; null: none
 * @param numNegatives number of texts of {@code embedding.negative} that a row uses, the first ones
 * @param queryPrompt text before {@code data.text}, such as {@code "query: "}; null: none
 * @param documentPrompt text before {@code data.text_pair} and {@code embedding.negative}; null: none
 * @param predictAs prompt of texts to predict
 */
public record EmbeddingConfig(
        Loss loss,
        double scale,
        Pooling pooling,
        List<Integer> matryoshkaDims,
        @Key(optional = true) String negative,
        int numNegatives,
        @Key(optional = true) String queryPrompt,
        @Key(optional = true) String documentPrompt,
        @Key(mayChange = true) Side predictAs)
        implements Serializable {

    /** Largest scale of cosines whose exponentials are finite in F64. */
    private static final double MAX_SCALE = 300;

    /** Loss of the pairs of a batch. */
    public enum Loss {
        /** Cross-entropy of each pair's second text among those of all pairs (MultipleNegativesRankingLoss). */
        @JsonProperty("multiple_negatives_ranking")
        MULTIPLE_NEGATIVES_RANKING,
        /** Order of the similarities, given a score in {@code data.label} for each pair (CoSENTLoss). */
        @JsonProperty("cosent")
        COSENT
    }

    /** How the hidden states of a text's tokens become one vector. */
    public enum Pooling {
        /** Mean over all tokens, special tokens included. */
        @JsonProperty("mean")
        MEAN,
        /** The first token. */
        @JsonProperty("cls")
        CLS,
        /** The last token. */
        @JsonProperty("lasttoken")
        LASTTOKEN
    }

    /** Side of a pair. */
    public enum Side {
        /** {@code data.text}. */
        @JsonProperty("query")
        QUERY,
        /** {@code data.text_pair}. */
        @JsonProperty("document")
        DOCUMENT
    }

    public EmbeddingConfig {
        Check.present("embedding.loss", loss);
        Check.that(scale > 0 && scale <= MAX_SCALE, "embedding.scale", scale, "above 0, and at most " + MAX_SCALE);
        Check.present("embedding.pooling", pooling);
        Check.present("embedding.matryoshka_dims", matryoshkaDims);
        Check.that(
                matryoshkaDims.stream().allMatch(dim -> dim != null && dim > 0)
                        && matryoshkaDims.stream().distinct().count() == matryoshkaDims.size(),
                "embedding.matryoshka_dims",
                matryoshkaDims,
                "a list of different numbers above 0");
        matryoshkaDims = List.copyOf(matryoshkaDims);
        Check.that(numNegatives >= 1, "embedding.num_negatives", numNegatives, "at least 1");
        Check.present("embedding.predict_as", predictAs);
        Check.that(
                negative == null || loss != Loss.COSENT,
                "embedding.negative",
                negative,
                "null where embedding.loss is cosent: a scored pair has no negatives");
    }

    /** Returns this section with the prompt of one side for texts to predict. */
    public EmbeddingConfig predictedAs(Side side) {
        return Components.with(this, "predictAs", side);
    }

    /** Returns this section for pairs without scores and negatives. */
    public EmbeddingConfig ofPairs() {
        return new EmbeddingConfig(
                Loss.MULTIPLE_NEGATIVES_RANKING,
                scale,
                pooling,
                matryoshkaDims,
                null,
                1,
                queryPrompt,
                documentPrompt,
                predictAs);
    }

    /** Returns whether each pair has a score. */
    public boolean comparesScores() {
        return loss == Loss.COSENT;
    }

    /** Returns the prompt of a side, or no text. */
    public String prompt(Side side) {
        String prompt = side == Side.QUERY ? queryPrompt : documentPrompt;
        return prompt == null ? "" : prompt;
    }

    /** Returns the largest number of texts of a sample. */
    public int most() {
        return negative == null ? 2 : 2 + numNegatives;
    }
}
