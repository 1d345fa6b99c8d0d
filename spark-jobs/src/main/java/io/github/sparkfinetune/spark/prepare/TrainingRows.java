package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;

/**
 * The rows of the training sources that are samples: what the mix takes of each, and of equal contents one where rows
 * are deduplicated.
 */
final class TrainingRows implements AutoCloseable {
    private final Map<String, Long> strata;
    private final JavaRDD<StratumHashes> hashes;
    private final List<Long> sampled;
    private final boolean own;

    private TrainingRows(Map<String, Long> strata, JavaRDD<StratumHashes> hashes, List<Long> sampled, boolean own) {
        this.strata = strata;
        this.hashes = hashes;
        this.sampled = sampled;
        this.own = own;
    }

    /** @param sources in the order of the mixture's, each deduplicated where rows are */
    static TrainingRows of(List<SourceScan> sources, Mixture mixture, boolean deduplicate) {
        if (sources.size() == 1 && mixture.isWhole()) {
            SourceScan only = sources.get(0);
            return new TrainingRows(only.counts().strata, only.hashes(), List.of(only.usable()), false);
        }
        List<Long> sampled = new ArrayList<>();
        JavaRDD<StratumHashes> all = null;
        for (int i = 0; i < sources.size(); i++) {
            int source = i;
            JavaRDD<StratumHashes> some = sources.get(i)
                    .hashes()
                    .map(part -> part.where((first, second) -> mixture.copies(source, second) > 0));
            sampled.add(some.map(part -> (long) part.size()).fold(0L, Long::sum));
            all = all == null ? some : all.union(some);
        }
        JavaRDD<StratumHashes> hashes = (deduplicate
                        ? SourceScan.distinct(
                                all, sampled.stream().mapToLong(Long::longValue).sum())
                        : all)
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        return new TrainingRows(SourceScan.strata(hashes), hashes, sampled, true);
    }

    /** Rows of each stratum. */
    Map<String, Long> strata() {
        return strata;
    }

    /** Hashes of the rows. */
    JavaRDD<StratumHashes> hashes() {
        return hashes;
    }

    /** Number of rows. */
    long count() {
        return SourceScan.sum(strata);
    }

    /** Rows that the mix takes of each source. */
    List<Long> sampled() {
        return sampled;
    }

    @Override
    public void close() {
        if (own) {
            hashes.unpersist(false);
        }
    }
}
