package io.github.sparkfinetune.data.dataset;

import io.github.sparkfinetune.conf.RunException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.DummyRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;

/**
 * The samples of one split of a prepared dataset, read with Parquet's own reader through Hadoop's file systems. A row
 * group is read whole; the last {@value #CACHED_GROUPS} stay in memory, and one file stays open.
 */
public final class ParquetSamples implements SampleSource {
    private static final int CACHED_GROUPS = 3;
    private static final Set<SampleSchema.Column> LABELLED =
            EnumSet.of(SampleSchema.Column.LABEL, SampleSchema.Column.LABELS, SampleSchema.Column.TARGETS);

    private final Path dataset;
    private final Manifest.Split split;
    private final Configuration hadoop;
    private final List<Integer> rowGroups;
    private final long[] firstIndex;
    private final int[] shardOf;
    private final int[] firstGroup;
    private final Map<Integer, Sample[]> cache = new LinkedHashMap<>(8, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Sample[]> eldest) {
            return size() > CACHED_GROUPS;
        }
    };

    private int lastGroup;
    private int openShard = -1;
    private ParquetFileReader reader;

    private ParquetSamples(Path dataset, Manifest.Split split, Configuration hadoop) {
        this.dataset = dataset;
        this.split = split;
        this.hadoop = hadoop;
        List<Integer> groups = new ArrayList<>();
        firstGroup = new int[split.shards().size()];
        for (int shard = 0; shard < firstGroup.length; shard++) {
            firstGroup[shard] = groups.size();
            groups.addAll(split.shards().get(shard).rowGroups());
        }
        rowGroups = List.copyOf(groups);
        shardOf = new int[rowGroups.size()];
        firstIndex = new long[rowGroups.size() + 1];
        int shard = 0;
        for (int group = 0; group < shardOf.length; group++) {
            while (shard + 1 < firstGroup.length && firstGroup[shard + 1] <= group) {
                shard++;
            }
            shardOf[group] = shard;
            firstIndex[group + 1] = firstIndex[group] + rowGroups.get(group);
        }
    }

    /**
     * Opens a split.
     *
     * @param dataset the dataset's folder
     * @param splitName train, eval or test
     * @throws RunException if the split has no rows or a file is missing or not of the length that the manifest says
     */
    public static ParquetSamples open(Path dataset, Manifest manifest, String splitName, Configuration hadoop)
            throws IOException {
        ParquetSamples samples = new ParquetSamples(dataset, manifest.split(splitName), hadoop);
        for (Manifest.Shard shard : samples.split.shards()) {
            samples.requireLength(shard);
        }
        return samples;
    }

    private void requireLength(Manifest.Shard shard) throws IOException {
        Path file = new Path(dataset, shard.file());
        FileStatus status;
        try {
            status = file.getFileSystem(hadoop).getFileStatus(file);
        } catch (FileNotFoundException e) {
            throw RunException.data(
                    file + " is missing, the manifest names it: copy the dataset again or prepare it again", e);
        }
        if (status.getLen() != shard.bytes()) {
            throw RunException.data(file + " has " + status.getLen() + " bytes, the manifest says " + shard.bytes()
                    + ": copy the dataset again or prepare it again");
        }
    }

    @Override
    public List<Integer> rowGroups() {
        return rowGroups;
    }

    @Override
    public Sample read(long index) {
        if (index < 0 || index >= size()) {
            throw new IndexOutOfBoundsException("sample " + index + " of " + size());
        }
        int group = groupOf(index);
        Sample[] samples = cache.get(group);
        if (samples == null) {
            samples = load(group);
            cache.put(group, samples);
        }
        return samples[(int) (index - firstIndex[group])];
    }

    @Override
    public long size() {
        return firstIndex[rowGroups.size()];
    }

    private int groupOf(long index) {
        if (index < firstIndex[lastGroup] || index >= firstIndex[lastGroup + 1]) {
            int low = 0;
            int high = rowGroups.size() - 1;
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (firstIndex[middle] <= index) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            lastGroup = low;
        }
        return lastGroup;
    }

    private Sample[] load(int group) {
        int shard = shardOf[group];
        Path file = new Path(dataset, split.shards().get(shard).file());
        try {
            open(shard, file);
            return decode(reader.readRowGroup(group - firstGroup[shard]), rowGroups.get(group), firstIndex[group]);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        } catch (RunException e) {
            throw e;
        } catch (RuntimeException e) {
            // Parquet has no exception of its own for bytes that make no sense.
            throw RunException.data(
                    file + " is damaged (" + e.getMessage() + "): copy the dataset again or prepare it again", e);
        }
    }

    private void open(int shard, Path file) throws IOException {
        if (openShard == shard) {
            return;
        }
        close();
        reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(file, hadoop),
                HadoopReadOptions.builder(hadoop)
                        .usePageChecksumVerification(true)
                        .build());
        List<Integer> expected = split.shards().get(shard).rowGroups();
        List<Integer> found = SampleWriter.rowGroups(reader.getFooter().getBlocks());
        if (!found.equals(expected)) {
            throw RunException.data(
                    file + " has other row groups than the manifest says: copy the dataset again or prepare it again");
        }
        boolean labelled = split.rowsPerLabel().stream().anyMatch(rows -> rows > 0);
        MessageType schema = reader.getFooter().getFileMetaData().getSchema();
        if (labelled && Collections.disjoint(SampleSchema.of(schema).columns(), LABELLED)) {
            throw RunException.data(file + " is damaged (it has no column of labels, the manifest counts samples of"
                    + " each label): copy the dataset again or prepare it again");
        }
        // Last, so that a file which was refused is not taken for an open one by the next read.
        openShard = shard;
    }

    private Sample[] decode(PageReadStore pages, int rows, long first) {
        MessageType schema = reader.getFooter().getFileMetaData().getSchema();
        ColumnReadStoreImpl columns = new ColumnReadStoreImpl(
                pages,
                new DummyRecordConverter(schema).getRootConverter(),
                schema,
                reader.getFooter().getFileMetaData().getCreatedBy());
        Map<SampleSchema.Column, Object[]> values = new EnumMap<>(SampleSchema.Column.class);
        for (SampleSchema.Column column : SampleSchema.of(schema).columns()) {
            ColumnReader reader = columns.getColumnReader(schema.getColumnDescription(column.path()));
            values.put(column, ColumnValues.read(reader, column.kind(), rows));
        }
        Sample[] samples = new Sample[rows];
        for (int row = 0; row < rows; row++) {
            samples[row] = sample(values, row, first + row);
        }
        return samples;
    }

    private static Sample sample(Map<SampleSchema.Column, Object[]> values, int row, long index) {
        int[] ids = value(values, SampleSchema.Column.INPUT_IDS, row, new int[0]);
        boolean documents = values.containsKey(SampleSchema.Column.DOCUMENTS);
        return new Sample(
                index,
                ids,
                value(values, SampleSchema.Column.TOKEN_TYPE_IDS, row, new int[ids.length]),
                value(values, SampleSchema.Column.LABEL, row, -1),
                value(values, SampleSchema.Column.LABELS, row, documents ? ids : new int[0]),
                value(values, SampleSchema.Column.DOCUMENTS, row, new int[] {ids.length}),
                value(values, SampleSchema.Column.TARGETS, row, new double[0]),
                window(values, row));
    }

    private static Window window(Map<SampleSchema.Column, Object[]> values, int row) {
        return new Window(
                value(values, SampleSchema.Column.WINDOW, row, 0),
                value(values, SampleSchema.Column.OFFSETS, row, new int[0]),
                value(values, SampleSchema.Column.ANSWER, row, new int[0]),
                value(values, SampleSchema.Column.ROW, row, ""));
    }

    /** A row's value in a column, or the one that it has where there is no such column. */
    @SuppressWarnings("unchecked")
    private static <T> T value(
            Map<SampleSchema.Column, Object[]> values, SampleSchema.Column column, int row, T missing) {
        Object[] all = values.get(column);
        return all == null ? missing : (T) all[row];
    }

    /** Closes the open file; a later read opens it again. */
    @Override
    public void close() {
        if (reader != null) {
            try {
                reader.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close a shard of " + dataset, e);
            } finally {
                reader = null;
                openShard = -1;
            }
        }
    }
}
