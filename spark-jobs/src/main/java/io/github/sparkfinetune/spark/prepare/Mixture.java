package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.StoppingStrategy;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * Number of copies of each source's documents in the mix of several sources. The share of a source is its weight
 * divided by the sum of the weights. The numbers of documents decide how large the mix can be
 * ({@link StoppingStrategy}). The number of copies of a document follows from its content:
 * {@code Seeds.derive(data.seed, MIXTURE, second)} of its {@link io.github.sparkfinetune.data.task.ContentHash}. So the
 * mix has the same documents however the sources are partitioned.
 *
 * @param epochs mean number of copies of a document, by source
 */
record Mixture(double[] epochs, long seed) implements Serializable {

    /** Returns the mix of one source: each document once. */
    static Mixture whole(long seed) {
        return new Mixture(new double[] {1}, seed);
    }

    /**
     * Returns the mix of several sources.
     *
     * @param weights weight of each source, at least one above 0
     * @param documents number of documents of each source, above 0
     */
    static Mixture of(double[] weights, long[] documents, StoppingStrategy strategy, long seed) {
        double[] rates = new double[weights.length];
        Arrays.setAll(rates, source -> weights[source] / documents[source]);
        double once = strategy == StoppingStrategy.FIRST_EXHAUSTED
                ? Arrays.stream(rates).max().orElseThrow()
                : Arrays.stream(rates).filter(rate -> rate > 0).min().orElseThrow();
        double[] epochs = new double[weights.length];
        Arrays.setAll(epochs, source -> rates[source] / once);
        return new Mixture(epochs, seed);
    }

    /** Returns the mix of the training sources of a run. */
    static Mixture of(DataConfig data, List<SourceScan> train) {
        List<CorpusConfig.Source> mixed = data.corpus().sources();
        return mixed.isEmpty()
                ? whole(data.seed())
                : of(
                        mixed.stream().mapToDouble(CorpusConfig.Source::weight).toArray(),
                        train.stream().mapToLong(SourceScan::usable).toArray(),
                        data.corpus().stoppingStrategy(),
                        data.seed());
    }

    /** Returns whether every document is in the mix once. */
    boolean isWhole() {
        return Arrays.stream(epochs).allMatch(copies -> copies == 1);
    }

    /**
     * Returns the number of copies of a document.
     *
     * @param source index of the document's source
     * @param second second half of its content hash
     */
    int copies(int source, long second) {
        int whole = (int) epochs[source];
        double rest = epochs[source] - whole;
        boolean more = rest > 0 && Seeds.unit(Seeds.derive(seed, Seeds.Purpose.MIXTURE, second)) < rest;
        return more ? whole + 1 : whole;
    }
}
