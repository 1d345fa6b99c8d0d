package io.github.sparkfinetune.spark.prepare.generation;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.redact.SubjectHash;
import io.github.sparkfinetune.data.task.ContentHash;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Search in the {@link SubjectIndex} of a dataset.
 *
 * @param dataset folder of the dataset
 * @param manifest manifest with files of subjects
 */
public record SubjectSearch(SparkSession spark, Path dataset, Manifest manifest) {
    private static final StructType CONTENT = new StructType()
            .add(SubjectIndex.CONTENT1, DataTypes.LongType, false)
            .add(SubjectIndex.CONTENT2, DataTypes.LongType, false);

    /**
     * Samples of a content.
     *
     * @param content hash of the content
     * @param generation generation that wrote the samples; 0 if the dataset does not grow
     * @param split name of the split
     * @param pieces {@link RowPieces} of the content's documents
     */
    public record Found(ContentHash content, int generation, String split, long[] pieces) implements Serializable {}

    private Dataset<Row> rows() {
        return spark.read()
                .parquet(manifest.subjects().keySet().stream()
                        .map(file -> new Path(dataset, file).toString())
                        .toArray(String[]::new));
    }

    /** Returns the contents of a subject's rows. */
    public Set<ContentHash> contents(SubjectHash subject) {
        Set<ContentHash> contents = new LinkedHashSet<>();
        rows().filter(col(SubjectIndex.SUBJECT1)
                        .equalTo(subject.first())
                        .and(col(SubjectIndex.SUBJECT2).equalTo(subject.second())))
                .select(SubjectIndex.CONTENT1, SubjectIndex.CONTENT2)
                .distinct()
                .collectAsList()
                .forEach(row -> contents.add(
                        new ContentHash(row.getAs(SubjectIndex.CONTENT1), row.getAs(SubjectIndex.CONTENT2))));
        return contents;
    }

    /** Returns the samples of contents. */
    public List<Found> samples(Collection<ContentHash> contents) {
        Dataset<Row> searched = spark.createDataFrame(
                contents.stream()
                        .map(content -> RowFactory.create(content.first(), content.second()))
                        .toList(),
                CONTENT);
        List<Found> found = new ArrayList<>();
        rows().filter(col(IndexSchema.PIECES).isNotNull())
                .join(broadcast(searched), CONTENT.fieldNames())
                .collectAsList()
                .forEach(row -> found.add(new Found(
                        new ContentHash(row.getAs(SubjectIndex.CONTENT1), row.getAs(SubjectIndex.CONTENT2)),
                        row.getAs(IndexSchema.GENERATION),
                        row.getAs(IndexSchema.SPLIT),
                        RowPieces.ofBytes(row.getAs(IndexSchema.PIECES)))));
        return found;
    }
}
