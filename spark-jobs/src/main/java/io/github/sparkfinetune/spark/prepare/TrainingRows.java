package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.StratumHashes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;

/**
 * Rows of the training sources that become samples. The mix decides the rows of each source. With deduplication one row
 * of each content stays.
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

    /** @param sources sources in the order of the mixture, each deduplicated if rows are deduplicated */
    static TrainingRows of(List<SourceScan> sources, Mixture mixture, boolean deduplicate) {
        if (sources.size() == 1 && mixture.isWhole()) {
            SourceScan only = sources.get(0);
            return new TrainingRows(only.counts().strata, only.hashes(), List.of(only.usable()), false);
        }
        List<Long> sampled = new ArrayList<>();
        JavaRDD<StratumHashes> all = null;
        for (int i = 0; i < sources.size(); i++) {
            int source = i;
            JavaRDD<StratumHashes> mixed = sources.get(i)
                    .hashes()
                    .map(part -> part.where((first, second) -> mixture.copies(source, second) > 0));
            sampled.add(mixed.map(part -> (long) part.size()).fold(0L, Long::sum));
            all = all == null ? mixed : all.union(mixed);
        }
        JavaRDD<StratumHashes> hashes = (deduplicate
                        ? SourceScan.distinct(
                                all, sampled.stream().mapToLong(Long::longValue).sum())
                        : all)
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        return new TrainingRows(SourceScan.strata(hashes), hashes, sampled, true);
    }

    /** Returns no rows, of no source. */
    static TrainingRows none(JavaSparkContext context) {
        return new TrainingRows(Map.of(), context.emptyRDD(), List.of(), false);
    }

    /**
     * Refuses a mix without rows.
     *
     * @throws RunException if there is no row
     */
    void requireAny() {
        if (count() == 0) {
            throw RunException.data(
                    "data.corpus.sources: the mix holds no document: give a source with more documents a"
                            + " greater weight, or set data.corpus.stopping_strategy to all_exhausted");
        }
    }

    /** Returns the number of rows of each stratum. */
    Map<String, Long> strata() {
        return strata;
    }

    /** Returns the hashes of the rows. */
    JavaRDD<StratumHashes> hashes() {
        return hashes;
    }

    /** Returns the number of rows. */
    long count() {
        return SourceScan.sum(strata);
    }

    /** Returns the number of rows that the mix takes from each source. */
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
