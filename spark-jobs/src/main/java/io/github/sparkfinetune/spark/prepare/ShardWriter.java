package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import io.github.sparkfinetune.spark.prepare.generation.RangeIndex;
import io.github.sparkfinetune.spark.prepare.generation.SubjectIndex;
import io.github.sparkfinetune.spark.run.Lease;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.TaskContext;
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
 * manifest-1.json                                 written last, see {@link Manifest}
 * train/part-00000-5f0c8a17e2d94b36-41.parquet    shard 0 of the training split, see {@link SampleWriter}
 * train/part-00001-5f0c8a17e2d94b36-42.parquet
 * eval/part-00000-5f0c8a17e2d94b36-41.parquet     held-out rows of the same hash range
 * test/part-00002-5f0c8a17e2d94b36-43.parquet     a range without rows of a split has no file
 * _subjects/part-00000-5f0c8a17e2d94b36-41.parquet    with {@code data.subject}, see {@link SubjectIndex}
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
final class ShardWriter implements Function2<Integer, Iterator<Tuple2<byte[], byte[]>>, Iterator<WrittenSplit.Report>> {
    private static final long serialVersionUID = 1L;

    static {
        // SampleWriter ends row groups by a limit of one byte. Parquet writes a long warning about such a limit each
        // time, in every executor's log.
        Configurator.setLevel("org.apache.parquet.hadoop.InternalParquetRecordWriter", Level.ERROR);
    }

    private final Target target;
    private final Selection selection;
    private final TaskData<?> task;
    private final List<String> labels;
    private final List<String> names;
    private final int[] splits;
    /** Splits that rows of a source of each split may be in, one bit each. */
    private final int[] within;

    private final CheckedIds checkedIds;

    /**
     * Place where shards are written.
     *
     * @param dataset folder of the dataset
     * @param run name of the run in the names of its files
     * @param generation number of the generation, whose index is written too; 0 if the dataset does not grow
     * @param hadoop configuration of the file system
     */
    record Target(String dataset, String run, int generation, Broadcast<SerializableConfiguration> hadoop)
            implements Serializable {}

    /**
     * Rows that are written, with their splits and numbers of copies.
     *
     * @param plan plan of the split
     * @param splits split of each source; training sources come first
     * @param all splits of all sources of the run, of which some may have no row to read
     * @param mixture mixture of the training sources
     * @param deduplicate whether only the first of a split's rows with equal content is kept
     */
    record Selection(
            Broadcast<SplitPlan> plan, List<String> splits, List<String> all, Mixture mixture, boolean deduplicate)
            implements Serializable {
        Selection {
            splits = new ArrayList<>(splits);
            all = new ArrayList<>(all);
        }
    }

    /**
     * Ids of tokens that {@link SampleChecks} counts.
     *
     * @param unknown id of the token for text outside the vocabulary, or -1
     * @param end ids of the tokens that end an answer
     */
    record CheckedIds(int unknown, Set<Integer> end) implements Serializable {}

    ShardWriter(Target target, Selection selection, TaskData<?> task, List<String> labels, CheckedIds checkedIds) {
        this.target = target;
        this.selection = selection;
        this.task = task;
        this.labels = new ArrayList<>(labels);
        this.names = Occurrence.names(selection.all());
        this.splits = selection.splits().stream().mapToInt(names::indexOf).toArray();
        this.within = names.stream()
                .mapToInt(split -> Occurrence.within(names, selection.all(), split))
                .toArray();
        this.checkedIds = checkedIds;
    }

    /** Creates a file of samples. */
    static SampleWriter file(Path path, SampleSchema schema, Configuration hadoop) throws IOException {
        return new SampleWriter(path, schema, hadoop);
    }

    @Override
    public Iterator<WrittenSplit.Report> call(Integer shard, Iterator<Tuple2<byte[], byte[]>> rows) throws IOException {
        OpenShards open = new OpenShards(target, shard, task, labels, names, checkedIds);
        SplitPlan held = selection.plan().value();
        SplitPlan.Sides sides = held.sides();
        byte[][] lastOfSplit = new byte[names.size()][];
        int[] splitOfLast = new int[names.size()];
        try (RangeIndex index = index(shard);
                SubjectIndex subjects = subjects(shard)) {
            while (rows.hasNext()) {
                Tuple2<byte[], byte[]> row = rows.next();
                byte[] key = row._1();
                int source = RowKey.source(key);
                int origin = splits[source];
                open.beginContent(key);
                subjects.add(key);
                int known = Occurrence.splits(key) & within[origin];
                if (known != 0) {
                    index.addCopy(key, Integer.numberOfTrailingZeros(known));
                    continue;
                }
                byte[] last = lastOfSplit[origin];
                lastOfSplit[origin] = key;
                if (selection.deduplicate() && last != null && RowKey.sameContent(last, key)) {
                    index.addCopy(key, splitOfLast[origin]);
                    continue;
                }
                int rank = RowKey.rank(key);
                int split = origin == 0 ? names.indexOf(sides.next(rank, RowKey.place(key))) : origin;
                splitOfLast[origin] = split;
                if (split != 0 && !held.isMeasured(rank)) {
                    // Its group is held out, so it is not trained on either.
                    open.of(split).leaveOut();
                    index.addCopy(key, split);
                    continue;
                }
                // A held-out row is measured once, even if rows of its kind are trained on several times.
                int copies = split == 0 ? selection.mixture().copies(source, RowKey.second(key)) : 1;
                for (int copy = 0; copy < copies; copy++) {
                    open.of(split).add(row._2(), held.stratum(rank));
                }
                open.countRow(split, key);
                index.add(key, split, row._2(), held.stratum(rank));
                subjects.addSamples(key, names.get(split), row._2(), held.stratum(rank));
            }
            List<WrittenSplit.Report> reports = open.finish();
            index.finish().ifPresent(bytes -> reports.add(indexed(RangeIndex.folder(), shard, bytes)));
            subjects.finish().ifPresent(bytes -> reports.add(indexed(SubjectIndex.FOLDER, shard, bytes)));
            return reports.iterator();
        } finally {
            open.discardUnfinished();
        }
    }

    private String indexName(String folder, int shard) {
        return ShardNames.of(
                folder,
                shard,
                target.generation(),
                target.run(),
                TaskContext.get().taskAttemptId());
    }

    /** Creates the file of the index; a dataset that does not grow has none. */
    private RangeIndex index(int shard) throws IOException {
        return target.generation() == 0
                ? RangeIndex.none()
                : RangeIndex.create(
                        new Path(target.dataset(), indexName(RangeIndex.folder(), shard)),
                        target.generation(),
                        task,
                        labels,
                        target.hadoop().value().value());
    }

    /** Returns the file of the subjects, which is created with the first row that has one. */
    private SubjectIndex subjects(int shard) {
        return new SubjectIndex(
                new Path(target.dataset(), indexName(SubjectIndex.FOLDER, shard)),
                target.generation(),
                task,
                labels,
                target.hadoop().value().value());
    }

    /** Returns a report of a file of an index, which has no samples. */
    private WrittenSplit.Report indexed(String folder, int shard, long bytes) {
        String file = indexName(folder, shard);
        return new WrittenSplit.Report(
                folder,
                file,
                new DatasetSplit.Shard(file, bytes, List.of()),
                new SampleCounts(0, false),
                new SampleChecks(checkedIds.unknown(), checkedIds.end()),
                0,
                0,
                0);
    }
}
