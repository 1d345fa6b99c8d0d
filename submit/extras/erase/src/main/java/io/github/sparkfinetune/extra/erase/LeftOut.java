package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.DocumentComparison;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Reason for which {@code data.corpus} leaves out a training document that shares text with another document. */
final class LeftOut {
    private LeftOut() {}

    /** Returns whether the run compares documents, so that {@link TaskData#document} returns their texts. */
    static boolean isPossible(DataConfig data) {
        return data.corpus().nearDedup().enabled()
                || data.corpus().decontaminate().enabled();
    }

    /**
     * Returns the reason and the hash of the other document; empty if the document is not left out.
     *
     * @param sources training sources, then held-out sources
     * @param text text of the document; null if documents are not compared
     */
    static <C> Optional<String> reason(
            SparkSession spark, TaskData<C> task, DataConfig data, List<SourceReader.Rows<C>> sources, String text) {
        if (!isPossible(data)) {
            return Optional.empty();
        }
        List<SourceReader.Rows<C>> rows = new ArrayList<>(sources);
        List<SourceScan> scans = new ArrayList<>();
        try (DocumentComparison<C> comparison = new DocumentComparison<>(spark, task, data)) {
            if (data.incremental()) {
                comparison.skipNearDuplicates();
            }
            sources.forEach(source -> scans.add(SourceScan.of(source, data.deduplicates())));
            int train = (int) sources.stream()
                    .filter(source -> source.source().split().equals(Manifest.TRAIN))
                    .count();
            comparison.leaveOut(rows, scans, train, rows.subList(train, rows.size()), true);
            for (SourceReader.Rows<C> source : rows.subList(0, train)) {
                List<String> found = source.rdd()
                        .filter(row -> row.verdict().leftOutFor() != null
                                && row.verdict().corpus().text().equals(text))
                        .map(row -> row.badBecause() + ", for "
                                + row.verdict().leftOutFor().toHex())
                        .take(1);
                if (!found.isEmpty()) {
                    return Optional.of(TraceJob.CORPUS + found.get(0));
                }
            }
            return Optional.empty();
        } finally {
            scans.forEach(SourceScan::close);
        }
    }
}
