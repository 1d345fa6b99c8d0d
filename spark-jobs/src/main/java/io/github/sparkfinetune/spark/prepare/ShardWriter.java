package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.run.Lease;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Writes the shards of one hash range: one file per split with samples in this range.
 *
 * <h2>Folder of a dataset</h2>
 *
 * <pre>
 * manifest.json                                   written last, see {@link Manifest}
 * train/part-00000-5f0c8a17e2d94b36-41.parquet    shard 0 of the training split, see {@link SampleWriter}
 * train/part-00001-5f0c8a17e2d94b36-42.parquet
 * eval/part-00000-5f0c8a17e2d94b36-41.parquet     held-out rows of the same hash range
 * test/part-00002-5f0c8a17e2d94b36-43.parquet     a range without rows of a split has no file
 * _PREPARING                                      {@link Lease} of the run that writes the folder, until it ends
 * </pre>
 *
 * <p>{@link ShardNames} describes the names of shards. Only the manifest decides which files belong to the dataset.
 *
 * <p>There are {@code data.shards} hash ranges, for any cluster and any partitions of the sources. A seeded hash of the
 * content decides a row's range ({@link ShuffledSample}). A shard of a split has the split's rows of the range with the
 * shard's number. Rows are ordered by the key: the seeded hash, the rest of the content's hash, the name of the stratum
 * (the label, if texts have one label), the row's place in the split, a checksum of the encoded row. Samples are
 * written in the order in which the task makes them from the rows.
 *
 * <h2>Splits</h2>
 *
 * <p>Rows of {@code data.eval}, {@code data.test} and {@code data.held_out} are in the splits of these names. The place
 * of a row of {@code data.train} decides whether the row is held out, see {@link SplitPlan}. If rows have no groups and
 * no time, the place is the split hash, {@code Seeds.derive(data.seed, SPLIT, second)} of the row's
 * {@link io.github.sparkfinetune.data.task.ContentHash}. With {@code data.deduplicate} a split keeps only the first of
 * its rows with equal content. {@link Mixture} decides how often a training row is written.
 *
 * <h2>Commit</h2>
 *
 * <p>An attempt of a task writes its files to their final place, under names that no other attempt and no other run
 * uses. No file is renamed. The names that Spark accepts as the task's result go into the manifest, which makes these
 * files the dataset. Files of other attempts are deleted when the manifest is written. A file that appears later does
 * not belong to the dataset.
 */
final class ShardWriter implements Function2<Integer, Iterator<Tuple2<byte[], byte[]>>, Iterator<ShardWriter.Report>> {
    private static final long serialVersionUID = 1L;

    static {
        // SampleWriter ends row groups by a limit of one byte. Parquet writes a long warning about such a limit each
        // time, in every executor's log.
        Configurator.setLevel("org.apache.parquet.hadoop.InternalParquetRecordWriter", Level.ERROR);
    }

    private static final List<String> OWN = List.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST);

    private final Target target;
    private final Selection selection;
    private final TaskData<?> task;
    private final List<String> labels;
    private final List<String> names;
    private final int[] splits;
    private final CheckedIds checkedIds;

    /**
     * Place where shards are written.
     *
     * @param dataset folder of the dataset
     * @param run name of the run in the names of its files
     * @param hadoop configuration of the file system
     */
    record Target(String dataset, String run, Broadcast<SerializableConfiguration> hadoop) implements Serializable {}

    /**
     * Rows that are written, with their splits and numbers of copies.
     *
     * @param plan plan of the split
     * @param splits split of each source; training sources come first
     * @param mixture mixture of the training sources
     * @param deduplicate whether only the first of a split's rows with equal content is kept
     */
    record Selection(Broadcast<SplitPlan> plan, List<String> splits, Mixture mixture, boolean deduplicate)
            implements Serializable {
        Selection {
            splits = new ArrayList<>(splits);
        }
    }

    /**
     * Ids of tokens that {@link SampleChecks} counts.
     *
     * @param unknown id of the token for text outside the vocabulary, or -1
     * @param end ids of the tokens that end an answer
     */
    record CheckedIds(int unknown, Set<Integer> end) implements Serializable {}

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

    ShardWriter(Target target, Selection selection, TaskData<?> task, List<String> labels, CheckedIds checkedIds) {
        this.target = target;
        this.selection = selection;
        this.task = task;
        this.labels = new ArrayList<>(labels);
        this.names = names(selection.splits());
        this.splits = selection.splits().stream().mapToInt(names::indexOf).toArray();
        this.checkedIds = checkedIds;
    }

    /** Creates a file of samples. */
    static SampleWriter file(Path path, SampleSchema schema, Configuration hadoop) throws IOException {
        return new SampleWriter(path, schema, hadoop);
    }

    /** Returns the names of a dataset's splits in order: the standard splits, then further splits of the sources. */
    static List<String> names(List<String> splits) {
        return new ArrayList<>(
                Stream.concat(OWN.stream(), splits.stream()).distinct().toList());
    }

    @Override
    public Iterator<Report> call(Integer shard, Iterator<Tuple2<byte[], byte[]>> rows) throws IOException {
        SplitPlan held = selection.plan().value();
        OpenShard[] open = new OpenShard[names.size()];
        byte[][] lastOfSplit = new byte[names.size()][];
        SplitPlan.Sides sides = held.sides();
        long[] sameContent = new long[names.size()];
        byte[] before = null;
        boolean isDone = false;
        try {
            while (rows.hasNext()) {
                Tuple2<byte[], byte[]> row = rows.next();
                byte[] key = row._1();
                int source = RowKey.source(row._1());
                if (before != null && !RowKey.sameContent(before, key)) {
                    leaked(open, sameContent, before);
                }
                before = key;
                int origin = splits[source];
                byte[] last = lastOfSplit[origin];
                lastOfSplit[origin] = key;
                if (selection.deduplicate() && last != null && RowKey.sameContent(last, key)) {
                    continue;
                }
                int rank = RowKey.rank(key);
                int split = origin;
                if (origin == 0) {
                    split = OWN.indexOf(sides.next(rank, RowKey.place(key)));
                }
                if (open[split] == null) {
                    open[split] = new OpenShard(
                            target,
                            names.get(split),
                            shard,
                            task,
                            labels,
                            split == 0 ? task.schema() : task.heldOutSchema(),
                            checkedIds);
                }
                if (split != 0 && !held.isMeasured(rank)) {
                    // Its group is held out, so it is not trained on either.
                    open[split].leaveOut();
                    continue;
                }
                // A held-out row is measured once, even if rows of its kind are trained on several times.
                int copies = split == 0 ? selection.mixture().copies(source, RowKey.second(key)) : 1;
                for (int copy = 0; copy < copies; copy++) {
                    open[split].add(row._2(), held.stratum(rank));
                }
                open[split].countRow();
                sameContent[split]++;
            }
            if (before != null) {
                leaked(open, sameContent, before);
            }
            List<Report> reports = new ArrayList<>();
            for (OpenShard file : open) {
                if (file != null) {
                    reports.add(file.finish());
                }
            }
            isDone = true;
            return reports.iterator();
        } finally {
            for (OpenShard file : open) {
                if (file != null && !isDone) {
                    file.discard();
                }
            }
        }
    }

    /** Counts the held-out rows of a content that is also trained on, and begins the next content. */
    private static void leaked(OpenShard[] open, long[] rows, byte[] key) {
        for (int split = 1; split < rows.length && rows[0] > 0; split++) {
            if (rows[split] > 0) {
                open[split].countLeaked(rows[split], RowKey.second(key));
            }
        }
        Arrays.fill(rows, 0);
    }
}
