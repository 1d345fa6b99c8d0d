package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.spark.source.SourceReader;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The folder of the rows that are left out, as Parquet: {@code text}, as the rule saw it that rejected it, and null
 * where a row could not be used at all; {@code file} that it comes from; {@code reason} as the manifest counts it;
 * {@code other} the content hash of the document that it is a near-duplicate of or shares an n-gram with, else null.
 * The empty file {@value #MARK} says that the folder is one, so that a later run may replace it.
 */
final class Quarantine {
    static final StructType SCHEMA = new StructType()
            .add("text", DataTypes.StringType)
            .add("file", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("other", DataTypes.StringType);

    private static final String MARK = "_QUARANTINE";
    private static final String OURS = MARK + "|part-.*\\.parquet|_SUCCESS|\\..*|_temporary";

    private Quarantine() {}

    /**
     * Refuses a folder that holds anything but what an earlier run has written to it.
     *
     * @throws RunException if it does
     */
    static void check(String folder, Configuration hadoop) throws IOException {
        Path path = new Path(folder);
        FileSystem files = path.getFileSystem(hadoop);
        if (!files.exists(path)) {
            return;
        }
        FileStatus[] entries = files.listStatus(path);
        if (entries.length > 0 && !files.exists(new Path(path, MARK))) {
            throw RunException.config("data.corpus.quarantine: " + path + " holds "
                    + entries[0].getPath().getName() + " and is no quarantine of an earlier run (it has no " + MARK
                    + "): set it to a new folder");
        }
        for (FileStatus entry : entries) {
            String name = entry.getPath().getName();
            if (!name.matches(OURS)) {
                throw RunException.config("data.corpus.quarantine: " + path + " holds " + name
                        + ", which is no quarantined row: set it to a new folder");
            }
        }
    }

    /** Writes the rows of some sources that are left out, in a further pass, in the place of what is there. */
    static <C> void write(SparkSession spark, List<SourceReader.Rows<C>> sources, String folder) throws IOException {
        JavaRDD<Row> all = null;
        for (SourceReader.Rows<C> source : sources) {
            JavaRDD<Row> some =
                    source.rdd().filter(row -> row.badBecause() != null).map(Quarantine::row);
            all = all == null ? some : all.union(some);
        }
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        Path path = new Path(folder);
        FileSystem files = path.getFileSystem(hadoop);
        check(folder, hadoop);
        // Spark's own way to overwrite would take the mark away first.
        for (FileStatus entry : files.exists(path) ? files.listStatus(path) : new FileStatus[0]) {
            if (!entry.getPath().getName().equals(MARK)) {
                files.delete(entry.getPath(), true);
            }
        }
        files.create(new Path(path, MARK), true).close();
        spark.createDataFrame(all, SCHEMA).write().mode(SaveMode.Append).parquet(folder);
    }

    private static Row row(CleanRow<?> row) {
        return RowFactory.create(
                row.isRejected() ? row.corpus().text() : null,
                row.file(),
                row.badBecause(),
                row.leftOutFor() == null ? null : row.leftOutFor().toHex());
    }
}
