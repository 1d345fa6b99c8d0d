package io.github.sparkfinetune.conf;

import java.io.Serializable;

/**
 * A source of a mixed corpus.
 *
 * @param path file, folder or glob
 * @param weight relative weight; the source's share of the documents is its weight divided by the sum of all weights
 */
public record CorpusSource(@Key(path = true) String path, double weight) implements Serializable {
    public CorpusSource {
        Check.present("data.corpus.sources", path);
        Check.that(weight >= 0 && Double.isFinite(weight), "data.corpus.sources", weight, "a weight of 0 or above");
    }
}
