package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.source.SourceReader;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;

/**
 * Folder of the rows that are left out, as Parquet. Column {@code text} is the text as the rejecting rule saw it, or
 * null if the row could not be used at all. {@code file} is the row's file, and {@code reason} the reason in the
 * manifest. {@code other} is the content hash of the document that the row duplicates or shares an n-gram with, else
 * null. The empty file {@value #MARK} marks the folder as a quarantine, so that a later run may replace it. The rows of
 * a dataset that grows are in a folder for each generation, {@code generation=N}, which Spark reads as a column.
 */
public final class Quarantine {
    private static final RowType<LeftOut> TYPE = RowType.of(LeftOut.class);

    private static final String MARK = "_QUARANTINE";
    private static final String GENERATION = "generation=";
    private static final String OWN_FILES =
            MARK + "|" + GENERATION + "\\d+|part-.*\\.parquet|_SUCCESS|\\..*|_temporary";
    private static final String UNFINISHED_MARK = "\\." + MARK + "\\..*";

    private Quarantine() {}

    /**
     * Refuses a folder with files that no earlier run has written.
     *
     * @throws RunException if there are such files
     */
    public static void check(String folder, Configuration hadoop) throws IOException {
        Path path = new Path(folder);
        FileSystem files = path.getFileSystem(hadoop);
        if (!files.exists(path)) {
            return;
        }
        // A run that was killed before its mark was complete has left only the unfinished mark.
        FileStatus[] entries = files.listStatus(path, entry -> !entry.getName().matches(UNFINISHED_MARK));
        if (entries.length > 0 && !files.exists(new Path(path, MARK))) {
            throw RunException.config("data.corpus.quarantine: " + path + " holds "
                    + entries[0].getPath().getName() + " and is not a quarantine of an earlier run (it has no " + MARK
                    + "): set it to a new folder");
        }
        for (FileStatus entry : entries) {
            String name = entry.getPath().getName();
            if (!name.matches(OWN_FILES)) {
                throw RunException.config("data.corpus.quarantine: " + path + " holds " + name
                        + ", which is not a file of a quarantine: set it to a new folder");
            }
        }
    }

    /**
     * Writes the rows that are left out, in a further pass over the sources. Replaces the existing rows, except those
     * of earlier generations.
     *
     * @param generation number of the generation, from 1; 0 if the dataset does not grow
     */
    public static <C> void write(SparkSession spark, List<SourceReader.Rows<C>> sources, String folder, int generation)
            throws IOException {
        JavaRDD<LeftOut> all = null;
        for (SourceReader.Rows<C> source : sources) {
            JavaRDD<LeftOut> leftOut =
                    source.rdd().filter(row -> row.badBecause() != null).map(Quarantine::row);
            all = all == null ? leftOut : all.union(leftOut);
        }
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        Path path = new Path(folder);
        check(folder, hadoop);
        HadoopFiles.writeWhole(HadoopFiles.fileSystem(path, hadoop), new Path(path, MARK), new byte[0]);
        if (generation == 1) {
            // The rows belong to another dataset.
            new RowFolder(path, TYPE, hadoop).clear(0, Set.of(MARK));
        }
        Path own = generation == 0 ? path : new Path(path, GENERATION + generation);
        RowFolder rows = new RowFolder(own, TYPE, hadoop);
        rows.clear(all.getNumPartitions(), Set.of(MARK));
        rows.write(all).count();
        rows.finish();
    }

    private record LeftOut(
            @Nullable String text,
            @Nullable String file,
            @Nullable String reason,
            @Nullable String other) {}

    private static LeftOut row(CleanRow<?> row) {
        return new LeftOut(
                row.isRejected() ? row.verdict().corpus().text() : null,
                row.file(),
                row.badBecause(),
                row.verdict().leftOutFor() == null
                        ? null
                        : row.verdict().leftOutFor().toHex());
    }
}
