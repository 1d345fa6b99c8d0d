package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;

/** Rows of a generation's sources whose content earlier generations have. */
public final class KnownRows implements AutoCloseable {
    private final Optional<Increment> increment;
    private final List<JavaRDD<Map<ContentHash, Integer>>> known = new ArrayList<>();

    /** @param increment generation; empty if the dataset does not grow */
    public KnownRows(Optional<Increment> increment) {
        this.increment = increment;
    }

    /**
     * Finds the rows, and replaces the scans of the sources by scans without them. The rows count as duplicates.
     *
     * @param rows rows of the sources
     * @param scans scans of the sources
     */
    public <C> void leaveOut(List<SourceReader.Rows<C>> rows, List<SourceScan> scans) {
        if (increment.flatMap(Increment::earlier).isEmpty()) {
            return;
        }
        for (int source = 0; source < rows.size(); source++) {
            int within = increment.get().within(rows.get(source).source().split());
            SourceScan scan = scans.get(source);
            JavaRDD<Map<ContentHash, Integer>> found =
                    increment.get().known(scan.contents()).persist(StorageLevel.MEMORY_AND_DISK_SER());
            known.add(found);
            scans.set(source, scan.withoutKnown(found.map(splits -> among(splits, within))));
            scan.close();
        }
    }

    private static Set<ContentHash> among(Map<ContentHash, Integer> splits, int within) {
        return splits.entrySet().stream()
                .filter(entry -> (entry.getValue() & within) != 0)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /**
     * Returns the splits in which earlier generations have the contents of a source's rows, one map for each partition;
     * empty if there is no earlier generation.
     */
    public Optional<JavaRDD<Map<ContentHash, Integer>>> splits(int source) {
        return known.isEmpty() ? Optional.empty() : Optional.of(known.get(source));
    }

    @Override
    public void close() {
        known.forEach(rdd -> rdd.unpersist(false));
    }
}
