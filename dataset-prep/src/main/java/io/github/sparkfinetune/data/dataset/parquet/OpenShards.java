package io.github.sparkfinetune.data.dataset.parquet;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;

/** Open files of a split: the {@value #OPEN} that were read last. Not for concurrent use. */
final class OpenShards {
    static final int OPEN = 8;

    private static final Set<SampleSchema.Column> LABELLED =
            EnumSet.of(SampleSchema.Column.LABEL, SampleSchema.Column.LABELS, SampleSchema.Column.TARGETS);

    private final Path dataset;
    private final DatasetSplit split;
    private final SampleSchema columns;
    private final Configuration hadoop;
    private final Map<Integer, ParquetFileReader> readers = new LinkedHashMap<>(OPEN, 0.75f, true);

    /** @param columns columns to read; a file may lack some of them */
    OpenShards(Path dataset, DatasetSplit split, SampleSchema columns, Configuration hadoop) {
        this.dataset = dataset;
        this.split = split;
        this.columns = columns;
        this.hadoop = hadoop;
    }

    /**
     * Refuses a split whose files differ from the manifest. Lists each folder once instead of asking for each file.
     *
     * @throws RunException if a file is missing or has another length
     */
    static void requireLengths(Path dataset, DatasetSplit split, Configuration hadoop) throws IOException {
        Map<Path, Map<String, Long>> folders = new HashMap<>();
        for (DatasetSplit.Shard shard : split.shards()) {
            Path file = new Path(dataset, shard.file());
            Map<String, Long> lengths = folders.get(file.getParent());
            if (lengths == null) {
                lengths = lengths(file.getParent(), hadoop);
                folders.put(file.getParent(), lengths);
            }
            Long length = lengths.get(file.getName());
            if (length == null) {
                throw RunException.data(
                        file + " is missing, the manifest names it: copy the dataset again or prepare it again");
            }
            if (length != shard.bytes()) {
                throw RunException.data(file + " has " + length + " bytes, the manifest says " + shard.bytes()
                        + ": copy the dataset again or prepare it again");
            }
        }
    }

    private static Map<String, Long> lengths(Path folder, Configuration hadoop) throws IOException {
        Map<String, Long> lengths = new HashMap<>();
        try {
            for (FileStatus file : folder.getFileSystem(hadoop).listStatus(folder)) {
                lengths.put(file.getPath().getName(), file.getLen());
            }
        } catch (FileNotFoundException e) {
            // The folder does not exist, so all its files are missing.
            return lengths;
        }
        return lengths;
    }

    /** Returns the file of a shard. */
    Path file(int shard) {
        return new Path(dataset, split.shards().get(shard).file());
    }

    /**
     * Returns the reader of a shard.
     *
     * @throws RunException if the shard differs from the manifest
     */
    ParquetFileReader open(int shard) throws IOException {
        ParquetFileReader reader = readers.get(shard);
        if (reader == null) {
            Path file = file(shard);
            reader = ParquetFileReader.open(
                    HadoopInputFile.fromPath(file, hadoop),
                    HadoopReadOptions.builder(hadoop)
                            .usePageChecksumVerification(true)
                            .build());
            try {
                check(shard, file, reader);
                reader.setRequestedSchema(schema(reader));
            } catch (RuntimeException e) {
                reader.close();
                throw e;
            }
            readers.put(shard, reader);
            if (readers.size() > OPEN) {
                Integer eldest = readers.keySet().iterator().next();
                readers.remove(eldest).close();
            }
        }
        return reader;
    }

    /** Returns the columns to read of a reader's file. */
    MessageType schema(ParquetFileReader reader) {
        return columns.within(reader.getFooter().getFileMetaData().getSchema());
    }

    private void check(int shard, Path file, ParquetFileReader reader) {
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
    }

    /** Closes all files; a later {@link #open} opens them again. */
    void close() {
        try {
            for (ParquetFileReader reader : readers.values()) {
                reader.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close a shard of " + dataset, e);
        } finally {
            readers.clear();
        }
    }
}
