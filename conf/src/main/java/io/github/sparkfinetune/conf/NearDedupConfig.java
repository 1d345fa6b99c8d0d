package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** Settings of near-deduplication, which keeps a single document of each group of near-duplicates. */
public record NearDedupConfig(boolean enabled, int ngram, int bands, int rows, double threshold)
        implements Serializable {
    private static final String KEY = "data.corpus.near_dedup.";

    public NearDedupConfig {
        Check.that(ngram >= 1, KEY + "ngram", ngram, "at least 1");
        Check.that(bands >= 1, KEY + "bands", bands, "at least 1");
        Check.that(rows >= 1, KEY + "rows", rows, "at least 1");
        Check.that(threshold > 0 && threshold <= 1, KEY + "threshold", threshold, "in (0, 1]");
    }
}
