package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.task.SampleCounts;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;

/**
 * Written files of a split with the sums of their counts. A shard counts the samples of each label, of which there may
 * be 10,000. So executors add the counts up, and the driver receives one sum for a split.
 */
final class WrittenSplit implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<DatasetSplit.Shard> shards = new ArrayList<>();
    private final SampleCounts counts;
    private final SampleChecks checks;
    private long rows;
    private long leaked;
    private String leakedFile;
    private long leakedExample;

    /**
     * Written file.
     *
     * @param split name of the split
     * @param file path of the file in the dataset's folder
     * @param shardOrNull shard, or null if no row gave a sample, so that nothing was written
     * @param counts counts of the samples
     * @param checks checks of the samples
     * @param rows number of rows from the sources, each counted once for any number of samples
     * @param leaked number of rows whose content is also in the training split
     * @param leakedExample second half of the content hash of one leaked row
     */
    record Report(
            String split,
            String file,
            DatasetSplit.Shard shardOrNull,
            SampleCounts counts,
            SampleChecks checks,
            long rows,
            long leaked,
            long leakedExample)
            implements Serializable {
        Optional<DatasetSplit.Shard> shard() {
            return Optional.ofNullable(shardOrNull);
        }
    }

    private WrittenSplit(Report first) {
        this.counts = first.counts();
        this.checks = first.checks();
        this.rows = first.rows();
        this.leaked = first.leaked();
        this.leakedFile = first.leaked() > 0 ? first.file() : null;
        this.leakedExample = first.leakedExample();
        first.shard().ifPresent(shards::add);
    }

    /** Computes the reports and returns their sums by split. */
    static Map<String, WrittenSplit> of(JavaRDD<Report> reports) {
        return reports.treeAggregate(
                new TreeMap<>(),
                (splits, report) -> {
                    splits.merge(report.split(), new WrittenSplit(report), WrittenSplit::plus);
                    return splits;
                },
                (splits, others) -> {
                    others.forEach((name, split) -> splits.merge(name, split, WrittenSplit::plus));
                    return splits;
                },
                2,
                // The last sum is also computed on an executor, so that the driver gets one result.
                true);
    }

    private WrittenSplit plus(WrittenSplit other) {
        shards.addAll(other.shards);
        counts.plus(other.counts);
        checks.plus(other.checks);
        rows += other.rows;
        leaked += other.leaked;
        if (other.leakedFile != null && (leakedFile == null || other.leakedFile.compareTo(leakedFile) < 0)) {
            leakedFile = other.leakedFile;
            leakedExample = other.leakedExample;
        }
        return this;
    }

    /** Returns the files with samples, by name. */
    List<DatasetSplit.Shard> shards() {
        return shards.stream()
                .sorted(Comparator.comparing(DatasetSplit.Shard::file))
                .toList();
    }

    /** Returns the bytes of the files by name. */
    Map<String, Long> files() {
        return shards.stream().collect(Collectors.toMap(DatasetSplit.Shard::file, DatasetSplit.Shard::bytes));
    }

    SampleCounts counts() {
        return counts;
    }

    SampleChecks checks() {
        return checks;
    }

    /** Returns the number of rows from the sources, each counted once for any number of samples. */
    long rows() {
        return rows;
    }

    /** Returns the number of rows whose content is also in the training split. */
    long leaked() {
        return leaked;
    }

    /** Returns the second half of the content hash of a leaked row, if there is one. */
    long leakedExample() {
        return leakedExample;
    }
}
