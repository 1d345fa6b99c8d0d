package io.github.sparkfinetune.data.dataset.parquet;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.Window;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.DummyRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.schema.MessageType;

/**
 * Samples of one split of a prepared dataset, read with Parquet's own reader through Hadoop's file systems.
 *
 * <p>A thread reads whole row groups in the background, so row groups named to {@link #willRead} are loaded when they
 * are read. The last {@value #CACHED_GROUPS} row groups stay in memory, and the last {@value OpenShards#OPEN} files
 * stay open.
 */
public final class ParquetSamples implements SampleSource {
    private static final int CACHED_GROUPS = 4;
    private static final long IDLE_SECONDS = 5;

    private final Path dataset;
    private final OpenShards shards;
    private final List<Integer> rowGroups;
    private final long[] firstIndex;
    private final int[] shardOf;
    private final int[] firstGroup;
    private final Map<Integer, Future<Sample[]>> cache = new LinkedHashMap<>(8, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Future<Sample[]>> eldest) {
            return size() > CACHED_GROUPS;
        }
    };

    /** Single thread that does all work on the files; it ends when it is idle. */
    private final ThreadPoolExecutor loading;

    private int lastGroup;

    private ParquetSamples(Path dataset, DatasetSplit split, SampleSchema columns, Configuration hadoop) {
        this.dataset = dataset;
        this.shards = new OpenShards(dataset, split, columns, hadoop);
        this.loading =
                new ThreadPoolExecutor(0, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "parquet-samples");
                    thread.setDaemon(true);
                    return thread;
                });
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
     * @param dataset folder of the dataset
     * @param splitName train, eval or test
     * @throws RunException if the split has no rows, or a file is missing or differs in length from the manifest
     */
    public static ParquetSamples open(Path dataset, Manifest manifest, String splitName, Configuration hadoop)
            throws IOException {
        return open(dataset, manifest, splitName, SampleSchema.allBut(Set.of()), hadoop);
    }

    /**
     * Opens some columns of a split.
     *
     * @param columns columns to read; the split may lack some of them. Samples look as if the split had no other
     *     columns
     */
    public static ParquetSamples open(
            Path dataset, Manifest manifest, String splitName, SampleSchema columns, Configuration hadoop)
            throws IOException {
        DatasetSplit split = manifest.split(splitName);
        OpenShards.requireLengths(dataset, split, hadoop);
        return new ParquetSamples(dataset, split, columns, hadoop);
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
        load(List.of(group));
        try {
            return cache.get(group).get()[(int) (index - firstIndex[group])];
        } catch (ExecutionException e) {
            cache.remove(group);
            throw e.getCause() instanceof RuntimeException expected
                    ? expected
                    : new IllegalStateException("cannot read row group " + group + " of " + dataset, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException("interrupted while a row group was read"));
        }
    }

    @Override
    public void willRead(long... indexes) {
        Set<Integer> groups = new LinkedHashSet<>();
        for (long index : indexes) {
            groups.add(groupOf(index));
        }
        // More row groups would evict the one that is read now.
        load(groups.stream().limit(CACHED_GROUPS - 1).toList());
    }

    private void load(List<Integer> groups) {
        for (int group : groups) {
            if (!cache.containsKey(group)) {
                cache.put(group, loading.submit(() -> load(group)));
            }
        }
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
        Path file = shards.file(shard);
        try {
            ParquetFileReader reader = shards.open(shard);
            int number = group - firstGroup[shard];
            PageReadStore pages = reader.readRowGroup(number);
            ParquetMetadata footer = reader.getFooter();
            return decode(
                    footer.getFileMetaData(),
                    shards.schema(reader),
                    footer.getBlocks().get(number),
                    pages,
                    rowGroups.get(group),
                    firstIndex[group]);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        } catch (RunException e) {
            throw e;
        } catch (RuntimeException e) {
            // Parquet has no exception of its own for malformed bytes.
            throw RunException.data(
                    file + " is damaged (" + e.getMessage() + "): copy the dataset again or prepare it again", e);
        }
    }

    private static Sample[] decode(
            FileMetaData file, MessageType schema, BlockMetaData group, PageReadStore pages, int rows, long first) {
        ColumnReadStoreImpl columns = new ColumnReadStoreImpl(
                pages, new DummyRecordConverter(schema).getRootConverter(), schema, file.getCreatedBy());
        Map<SampleSchema.Column, Object[]> values = new EnumMap<>(SampleSchema.Column.class);
        for (SampleSchema.Column column : SampleSchema.of(schema).columns()) {
            ColumnDescriptor described = schema.getColumnDescription(column.path());
            boolean known =
                    column.kind() == SampleSchema.Values.INTS && IntLists.isKnown(described, chunk(group, column));
            values.put(
                    column,
                    known
                            ? IntLists.read(pages.getPageReader(described), rows)
                            : ColumnValues.read(columns.getColumnReader(described), column.kind(), rows));
        }
        Sample[] samples = new Sample[rows];
        for (int row = 0; row < rows; row++) {
            samples[row] = sample(values, row, first + row);
        }
        return samples;
    }

    private static ColumnChunkMetaData chunk(BlockMetaData group, SampleSchema.Column column) {
        return group.getColumns().stream()
                .filter(chunk -> Arrays.equals(chunk.getPath().toArray(), column.path()))
                .findFirst()
                .orElseThrow();
    }

    private static Sample sample(Map<SampleSchema.Column, Object[]> values, int row, long index) {
        int[] ids = value(values, SampleSchema.Column.INPUT_IDS, row, new int[0]);
        if (ids.length == 0) {
            return Sample.erased(index);
        }
        boolean documents = values.containsKey(SampleSchema.Column.DOCUMENTS);
        return new Sample(
                index,
                ids,
                values.containsKey(SampleSchema.Column.TOKEN_TYPE_IDS)
                        ? value(values, SampleSchema.Column.TOKEN_TYPE_IDS, row, ids)
                        : new int[ids.length],
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

    /** Returns a row's value in a column, or the default if the column is missing. */
    @SuppressWarnings("unchecked")
    private static <T> T value(
            Map<SampleSchema.Column, Object[]> values, SampleSchema.Column column, int row, T missing) {
        Object[] all = values.get(column);
        return all == null ? missing : (T) all[row];
    }

    /** Closes the open files; a later read opens them again. */
    @Override
    public void close() {
        try {
            loading.submit(shards::close).get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException expected
                    ? expected
                    : new IllegalStateException("cannot close a shard of " + dataset, e.getCause());
        } catch (InterruptedException e) {
            // The thread closes the files when it gets there.
            Thread.currentThread().interrupt();
        }
    }
}
