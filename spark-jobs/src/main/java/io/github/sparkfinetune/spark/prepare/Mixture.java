package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.CorpusConfig.StoppingStrategy;
import io.github.sparkfinetune.data.dataset.Seeds;
import java.io.Serializable;
import java.util.Arrays;

/**
 * How often a document of each of several sources is in their mix. The shares of the sources are their weights by the
 * sum of all; their number of documents decides how large the mix can be ({@link StoppingStrategy}). A document is in
 * it as often as its content says, {@code Seeds.derive(data.seed, MIXTURE, second)} of its
 * {@link io.github.sparkfinetune.data.task.ContentHash}, so the same ones are in it however the sources are cut.
 *
 * @param epochs copies of a document of each source, in the mean
 */
record Mixture(double[] epochs, long seed) implements Serializable {

    /** The mix of one source: all of it, once. */
    static Mixture whole(long seed) {
        return new Mixture(new double[] {1}, seed);
    }

    /**
     * The mix of several sources.
     *
     * @param weights of which at least one is above 0
     * @param documents of each source, above 0
     */
    static Mixture of(double[] weights, long[] documents, StoppingStrategy strategy, long seed) {
        double[] wanted = new double[weights.length];
        Arrays.setAll(wanted, source -> weights[source] / documents[source]);
        double once = strategy == StoppingStrategy.FIRST_EXHAUSTED
                ? Arrays.stream(wanted).max().orElseThrow()
                : Arrays.stream(wanted).filter(some -> some > 0).min().orElseThrow();
        double[] epochs = new double[weights.length];
        Arrays.setAll(epochs, source -> wanted[source] / once);
        return new Mixture(epochs, seed);
    }

    /** Whether every document is in it once. */
    boolean isWhole() {
        return Arrays.stream(epochs).allMatch(some -> some == 1);
    }

    /**
     * Copies of a document.
     *
     * @param source its source's place
     * @param second second half of its content's hash
     */
    int copies(int source, long second) {
        int whole = (int) epochs[source];
        double rest = epochs[source] - whole;
        boolean more = rest > 0 && Seeds.unit(Seeds.derive(seed, Seeds.Purpose.MIXTURE, second)) < rest;
        return more ? whole + 1 : whole;
    }
}
