package io.github.sparkfinetune.spark.mine;

import io.github.sparkfinetune.conf.error.RunException;

/**
 * Choice of hard negatives, under the names of {@code mine_hard_negatives} of {@code sentence-transformers}.
 *
 * @param numNegatives largest number of negatives of a pair
 * @param rangeMin number of the most similar texts that are skipped, because they may belong to the text after all
 * @param absoluteMargin how much less similar to the text than its own second text a negative must be; below 0 it may
 *     be more similar by as much, and -2 takes every text
 */
public record MineOptions(int numNegatives, int rangeMin, double absoluteMargin) {
    public MineOptions {
        require(numNegatives >= 1, "--num-negatives", numNegatives, "at least 1");
        require(rangeMin >= 0, "--range-min", rangeMin, "at least 0");
        require(Math.abs(absoluteMargin) <= 2, "--absolute-margin", absoluteMargin, "from -2 to 2");
    }

    private static void require(boolean holds, String option, Object value, String allowed) {
        if (!holds) {
            throw RunException.config(option + ": " + value + " is not allowed, it must be " + allowed);
        }
    }
}
