package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** File of a split in a hash range, while its samples are written. */
final class OpenShard {
    private static final Logger LOG = LoggerFactory.getLogger(OpenShard.class);

    private final ShardWriter.Target target;
    private final String split;
    private final String name;
    private final Path path;
    private final SampleSchema schema;
    private final SampleSink sink;
    private final SampleChecks checks;
    /** Null before the first sample. */
    private SampleWriter writer;

    private long rows;
    private long withoutLabel;
    private long leaked;
    private long leakedExample;
    private boolean closed;

    /**
     * Creates a shard without samples. The file is created with the first sample.
     *
     * @param split name of the split
     * @param schema columns of the file
     */
    OpenShard(
            ShardWriter.Target target,
            String split,
            int shard,
            TaskData<?> task,
            List<String> labels,
            SampleSchema schema,
            ShardWriter.CheckedIds checkedIds) {
        this.target = target;
        this.split = split;
        this.name = ShardNames.of(
                split,
                shard,
                target.generation(),
                target.run(),
                TaskContext.get().taskAttemptId());
        this.path = new Path(target.dataset(), name);
        this.schema = schema;
        this.sink = task.sink(this::write, labels);
        this.checks = new SampleChecks(checkedIds.unknown(), checkedIds.end());
    }

    /** Adds a copy of an encoded row. */
    void add(byte[] row, String stratum) throws IOException {
        sink.add(row, stratum);
    }

    /** Leaves out a held-out row without a label. */
    void leaveOut() {
        rows++;
        withoutLabel++;
    }

    /** Counts a row, once for any number of copies and samples. */
    void countRow() {
        rows++;
    }

    /**
     * Counts rows whose content is also in the training split.
     *
     * @param second second half of the content hash
     */
    void countLeaked(long more, long second) {
        leaked += more;
        leakedExample = second;
    }

    private void write(Sample sample) throws IOException {
        if (writer == null) {
            writer = ShardWriter.file(path, schema, configuration());
        }
        writer.write(sample);
        checks.add(sample);
    }

    /** Finishes the file. */
    WrittenSplit.Report finish() throws IOException {
        SampleCounts counts = sink.finish();
        for (long row = 0; row < withoutLabel; row++) {
            counts.droppedRow(DropReason.HELD_OUT_WITHOUT_LABEL);
        }
        close();
        if (writer == null) {
            return report(null, counts);
        }
        long bytes = path.getFileSystem(configuration()).getFileStatus(path).getLen();
        return report(new DatasetSplit.Shard(name, bytes, writer.rowGroups()), counts);
    }

    /** Deletes the files of a failed attempt. A file that cannot be deleted is not part of the dataset either way. */
    void discard() {
        try {
            close();
            path.getFileSystem(configuration()).delete(path, false);
        } catch (IOException | RuntimeException e) {
            LOG.warn("{} cannot be deleted: {}", path, e.getMessage());
        }
    }

    private WrittenSplit.Report report(DatasetSplit.Shard shard, SampleCounts counts) {
        return new WrittenSplit.Report(split, name, shard, counts, checks, rows, leaked, leakedExample);
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
