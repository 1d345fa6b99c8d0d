package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.SampleWriter;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
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
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Writes the shards of one hash range: a file for each split that has samples in it.
 *
 * <h2>Folder of a dataset</h2>
 *
 * <pre>
 * manifest.json                                   written last, see {@link Manifest}
 * train/part-00000-5f0c8a17e2d94b36-41.parquet    shard 0 of the training split, see {@link SampleWriter}
 * train/part-00001-5f0c8a17e2d94b36-42.parquet
 * eval/part-00000-5f0c8a17e2d94b36-41.parquet     held-out rows of the same hash range
 * test/part-00002-5f0c8a17e2d94b36-43.parquet     a range without rows of a split has no file
 * _PREPARING                                      while it is written: the {@link Lease} of the run that does
 * </pre>
 *
 * <p>What the name of a shard says is in {@link ShardNames}; which files are the dataset's the manifest says alone.
 *
 * <p>There are {@code data.shards} hash ranges, whatever the cluster and however the sources are cut. A row belongs to
 * a range by a seeded hash of its content ({@link ShuffledSample}) and a split's shard has its rows of the range of
 * that number, ordered by the key: by the seeded hash, then the rest of the content's hash, then the name of the
 * stratum (of one label a text the label), then the row's place in the split, then a checksum of what the task makes of
 * the row. Samples are written in the order in which the task makes them of the rows.
 *
 * <h2>Splits</h2>
 *
 * <p>Rows of {@code data.eval}, {@code data.test} and {@code data.held_out} are of those splits. A row of
 * {@code data.train} is held out by its place, as {@link SplitPlan} says; where rows have no groups and no time, that
 * is its split hash, {@code Seeds.derive(data.seed, SPLIT, second)} of its
 * {@link io.github.sparkfinetune.data.task.ContentHash}. With {@code data.deduplicate} only the first of a split's rows
 * with equal content is kept. A row to train on is written as often as {@link Mixture} says.
 *
 * <h2>Commit</h2>
 *
 * <p>An attempt of a task writes its files where they stay, under names that no other attempt and no other run has, and
 * nothing is ever renamed. The names that Spark takes as the task's result go into the manifest, which makes these
 * files the dataset. Files of other attempts are deleted when the manifest is written; one that comes later belongs to
 * nothing.
 */
final class ShardWriter implements Function2<Integer, Iterator<Tuple2<byte[], byte[]>>, Iterator<ShardWriter.Report>> {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(ShardWriter.class);

    private static final List<String> OWN = List.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST);

    static {
        // Rows are cut into row groups by a limit of one byte (see SampleWriter); Parquet warns of that each time, at
        // length, in every executor's log.
        Configurator.setLevel("org.apache.parquet.hadoop.InternalParquetRecordWriter", Level.ERROR);
    }

    private final Target target;
    private final Selection selection;
    private final TaskData<?> task;
    private final List<String> labels;
    private final List<String> names;
    private final int[] splits;
    private final CheckedIds checkedIds;

    /**
     * Where shards are written.
     *
     * @param dataset the dataset's folder
     * @param run name of the run in the names of its files
     * @param hadoop the file system's configuration
     */
    record Target(String dataset, String run, Broadcast<SerializableConfiguration> hadoop) implements Serializable {}

    /**
     * Which rows are written where, and how often.
     *
     * @param plan of the split
     * @param splits the split of each source: sources to train on come first
     * @param mixture of these
     * @param deduplicate whether only the first of a split's rows with equal content is kept
     */
    record Selection(Broadcast<SplitPlan> plan, List<String> splits, Mixture mixture, boolean deduplicate)
            implements Serializable {
        Selection {
            splits = new ArrayList<>(splits);
        }
    }

    /**
     * Ids of the tokens that {@link SampleChecks} looks for.
     *
     * @param unknown id of the token that stands for what the vocabulary lacks, or -1
     * @param end ids of the tokens that end an answer
     */
    record CheckedIds(int unknown, Set<Integer> end) implements Serializable {}

    /**
     * One written file.
     *
     * @param split its split's name
     * @param shardOrNull null where no row gave a sample, so that nothing was written
     * @param rows rows of the sources that came, each once, in however many samples or in none
     * @param leaked rows whose content is in the training split too
     * @param leakedExample second half of the content hash of one of them
     */
    record Report(
            String split,
            String file,
            Manifest.Shard shardOrNull,
            SampleCounts counts,
            SampleChecks checks,
            long rows,
            long leaked,
            long leakedExample)
            implements Serializable {
        Optional<Manifest.Shard> shard() {
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

    /** Names of a dataset's splits in their order: its own, then further ones that sources are of. */
    static List<String> names(List<String> splits) {
        return new ArrayList<>(
                Stream.concat(OWN.stream(), splits.stream()).distinct().toList());
    }

    @Override
    public Iterator<Report> call(Integer shard, Iterator<Tuple2<byte[], byte[]>> rows) throws IOException {
        SplitPlan held = selection.plan().value();
        Open[] open = new Open[names.size()];
        byte[][] lastOfSplit = new byte[names.size()][];
        SplitPlan.Sides sides = held.sides();
        long[] sameContent = new long[names.size()];
        byte[] before = null;
        boolean isDone = false;
        try {
            while (rows.hasNext()) {
                Tuple2<byte[], byte[]> row = rows.next();
                byte[] key = row._1();
                int source = ShuffledSample.source(row._1());
                if (before != null && !ShuffledSample.sameContent(before, key)) {
                    leaked(open, sameContent, before);
                }
                before = key;
                int origin = splits[source];
                byte[] last = lastOfSplit[origin];
                lastOfSplit[origin] = key;
                if (selection.deduplicate() && last != null && ShuffledSample.sameContent(last, key)) {
                    continue;
                }
                int rank = ShuffledSample.rank(key);
                int split = origin;
                if (origin == 0) {
                    split = OWN.indexOf(sides.next(rank, ShuffledSample.place(key)));
                }
                if (open[split] == null) {
                    open[split] = new Open(split, shard);
                }
                // What is held out is measured once, however often its like is trained on.
                int copies = split == 0 ? selection.mixture().copies(source, ShuffledSample.second(key)) : 1;
                for (int copy = 0; copy < copies; copy++) {
                    open[split].sink.add(row._2(), held.stratum(rank));
                }
                open[split].rows++;
                sameContent[split]++;
            }
            if (before != null) {
                leaked(open, sameContent, before);
            }
            List<Report> reports = new ArrayList<>();
            for (Open file : open) {
                if (file != null) {
                    reports.add(file.finish());
                }
            }
            isDone = true;
            return reports.iterator();
        } finally {
            for (Open file : open) {
                if (file != null && !isDone) {
                    file.discard();
                }
            }
        }
    }

    /** Counts the held-out rows of one content where it is trained on too, and begins the next content. */
    private static void leaked(Open[] open, long[] rows, byte[] key) {
        for (int split = 1; split < rows.length && rows[0] > 0; split++) {
            if (rows[split] > 0) {
                open[split].leaked += rows[split];
                open[split].leakedExample = ShuffledSample.second(key);
            }
        }
        Arrays.fill(rows, 0);
    }

    /** A file being written. */
    private final class Open {
        private final int split;
        private final String name;
        private final Path path;
        private final SampleSink sink;
        /** Null before the first sample. */
        private SampleWriter writer;

        private final SampleChecks checks = new SampleChecks(checkedIds.unknown(), checkedIds.end());
        private long rows;
        private long leaked;
        private long leakedExample;
        private boolean closed;

        Open(int split, int shard) {
            this.split = split;
            this.name = ShardNames.of(
                    names.get(split), shard, target.run(), TaskContext.get().taskAttemptId());
            this.path = new Path(target.dataset(), name);
            this.sink = task.sink(this::write, labels);
        }

        private void write(Sample sample) throws IOException {
            if (writer == null) {
                writer = new SampleWriter(path, split == 0 ? task.schema() : task.heldOutSchema(), configuration());
            }
            writer.write(sample);
            checks.add(sample);
        }

        Report finish() throws IOException {
            SampleCounts counts = sink.finish();
            close();
            if (writer == null) {
                return report(null, counts);
            }
            long bytes = path.getFileSystem(configuration()).getFileStatus(path).getLen();
            return report(new Manifest.Shard(name, bytes, writer.rowGroups()), counts);
        }

        /** Takes away what an attempt that has failed wrote; what cannot be is no part of the dataset either way. */
        void discard() {
            try {
                close();
                path.getFileSystem(configuration()).delete(path, false);
            } catch (IOException | RuntimeException e) {
                LOG.warn("{} stays behind: {}", path, e.getMessage());
            }
        }

        private Report report(Manifest.Shard shard, SampleCounts counts) {
            return new Report(names.get(split), name, shard, counts, checks, rows, leaked, leakedExample);
        }

        private void close() throws IOException {
            if (!closed && writer != null) {
                closed = true;
                writer.close();
            }
        }

        private Configuration configuration() {
            return target.hadoop().value().value();
        }
    }
}
