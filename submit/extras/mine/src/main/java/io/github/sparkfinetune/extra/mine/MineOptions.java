package io.github.sparkfinetune.extra.mine;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;

/**
 * Choice of hard negatives, under the names of {@code mine_hard_negatives} of {@code sentence-transformers}.
 *
 * @param output folder of the Parquet files; must not exist
 * @param numNegatives largest number of negatives of a pair
 * @param rangeMin number of the most similar texts that are skipped, because they may belong to the text after all
 * @param absoluteMargin how much less similar to the text than its own second text a negative must be; below 0 it may
 *     be more similar by as much, and -2 takes every text
 */
public record MineOptions(
        @Argument(
                label = "PATH",
                text = "The folder of data.train with a column of negatives, as Parquet; must not exist.",
                required = true)
        String output,

        @Argument(label = "N", text = "Negatives of a pair, at most. Default: ${DEFAULT-VALUE}.", otherwise = "5")
        int numNegatives,

        @Argument(
                label = "N",
                text = "The most similar texts to skip, which may match after all. Default: ${DEFAULT-VALUE}.",
                otherwise = "0")
        int rangeMin,

        @Argument(
                label = "D",
                text =
                        "How much less similar than the match a negative is; -2 takes every text. Default: ${DEFAULT-VALUE}.",
                otherwise = "0.05")
        double absoluteMargin) {

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
