package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.corpus.Contamination;
import io.github.sparkfinetune.spark.corpus.HashedText;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.corpus.RemovedDocuments;
import io.github.sparkfinetune.spark.source.SourceChecks;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * Leaves out training documents that share text with other documents. Documents that share an n-gram with a held-out
 * document go first. Near-duplicates are then found among the rest, so no document is left out for a document that is
 * itself left out. Rows of {@code data.eval}, {@code data.test} and {@code data.held_out} stay. Rows that a fraction
 * will hold out from the training sources are compared as training rows, because the split is decided later.
 *
 * @param <C> content of a cleaned row
 */
public final class DocumentComparison<C> implements AutoCloseable {
    private static final String CONTAMINATED = "decontaminate.ngram";
    private static final String NEAR_DUPLICATE = "near_dedup.threshold";

    private final SparkSession spark;
    private final JavaSparkContext context;
    private final TaskData<C> task;
    private final DataConfig data;
    private final List<JavaRDD<?>> kept = new ArrayList<>();
    /** Null if near-duplicates are not searched. */
    private Finder<C> nearDuplicates = this::nearDuplicates;

    /** Search for near-duplicates among the rows of training sources. */
    interface Finder<C> {
        RemovedDocuments find(List<SourceReader.Rows<C>> training, NearDuplicates.Options options);
    }

    public DocumentComparison(SparkSession spark, TaskData<C> task, DataConfig data) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.task = task;
        this.data = data;
    }

    /**
     * Replaces the rows and scans of the training sources with the ones that {@code data.corpus} keeps. Rows must be
     * left, unless these are the rows of a later generation.
     *
     * @param train number of training sources, which come first
     * @param heldOut rows of all held-out sources
     */
    public void leaveOut(
            List<SourceReader.Rows<C>> rows,
            List<SourceScan> scans,
            int train,
            List<SourceReader.Rows<C>> heldOut,
            boolean isFirst) {
        if (train == 0) {
            return;
        }
        CorpusConfig.Decontaminate decontaminate = data.corpus().decontaminate();
        if (decontaminate.enabled()) {
            context.setJobDescription("prepare: compare with the held-out documents");
            try (RemovedDocuments contaminated =
                    Contamination.find(spark, texts(rows.subList(0, train)), texts(heldOut), decontaminate.ngram())) {
                leaveOut(contaminated, CONTAMINATED, rows.subList(0, train), scans, isFirst);
            }
        }
        CorpusConfig.NearDedup dedup = data.corpus().nearDedup();
        if (dedup.enabled() && nearDuplicates != null) {
            context.setJobDescription("prepare: find near-duplicates");
            NearDuplicates.Options options = new NearDuplicates.Options(
                    dedup.ngram(), dedup.bands(), dedup.rows(), dedup.threshold(), data.seed());
            try (RemovedDocuments found = nearDuplicates.find(rows.subList(0, train), options)) {
                leaveOut(found, NEAR_DUPLICATE, rows.subList(0, train), scans, isFirst);
            }
        }
    }

    /** Leaves near-duplicates out of the comparison: those of a dataset that grows depend on its generations. */
    public void skipNearDuplicates() {
        nearDuplicates = null;
    }

    /** Finds near-duplicates by another search from now on. */
    void use(Finder<C> other) {
        nearDuplicates = other;
    }

    private RemovedDocuments nearDuplicates(List<SourceReader.Rows<C>> training, NearDuplicates.Options options) {
        return NearDuplicates.find(spark, texts(training), options).removed();
    }

    private JavaRDD<HashedText> texts(List<SourceReader.Rows<C>> sources) {
        TaskData<C> made = task;
        return sources.stream()
                .map(source -> source.rdd()
                        .filter(row -> row.badBecause() == null)
                        .map(row -> new HashedText(row.hash(), made.text(row.content()))))
                .reduce(JavaRDD::union)
                .orElseThrow();
    }

    private void leaveOut(
            RemovedDocuments removed,
            String reason,
            List<SourceReader.Rows<C>> rows,
            List<SourceScan> scans,
            boolean isFirst) {
        for (int i = 0; i < rows.size(); i++) {
            SourceScan scan = scans.get(i);
            JavaRDD<Map<ContentHash, ContentHash>> within =
                    removed.within(scan.contents()).persist(StorageLevel.MEMORY_AND_DISK_SER());
            kept.add(within);
            scans.set(i, scan.without(within.map(Map::keySet), reason, data.deduplicates()));
            scan.close();
            if (isFirst) {
                SourceChecks.require(rows.get(i), scans.get(i).counts(), data);
            }
            rows.set(i, without(rows.get(i), within, reason));
        }
    }

    private SourceReader.Rows<C> without(
            SourceReader.Rows<C> source, JavaRDD<Map<ContentHash, ContentHash>> within, String reason) {
        TaskData<C> made = task;
        JavaRDD<CleanRow<C>> rest =
                source.rdd().zipPartitions(within, (rows, maps) -> new Without<>(rows, maps.next(), made, reason));
        return source.with(rest);
    }

    /** Rows with some marked as left out. */
    private record Without<C>(
            Iterator<CleanRow<C>> rows, Map<ContentHash, ContentHash> documents, TaskData<C> task, String reason)
            implements Iterator<CleanRow<C>> {
        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public CleanRow<C> next() {
            CleanRow<C> row = rows.next();
            ContentHash other = row.badBecause() == null ? documents.get(row.hash()) : null;
            return other == null ? row : row.leftOut(task.text(row.content()), reason, other);
        }
    }

    @Override
    public void close() {
        kept.forEach(rdd -> rdd.unpersist(false));
    }
}
