package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.io.api.Binary;

/**
 * File with the rows of one hash range of a generation, while it is written. See {@link IndexSchema}. A file that is
 * closed before {@link #finish} is deleted.
 */
public abstract class RangeIndex implements Closeable {
    private RangeIndex() {}

    /** Returns an index of a dataset that does not grow, which has no file. */
    public static RangeIndex none() {
        return new RangeIndex() {
            @Override
            public void addCopy(byte[] key, int split) {}

            @Override
            public void add(byte[] key, int split, byte[] encoded, String stratum) {}

            @Override
            public Optional<Long> finish() {
                return Optional.empty();
            }

            @Override
            public void close() {}
        };
    }

    /**
     * Creates a file.
     *
     * @param generation number of the generation, from 1
     */
    public static RangeIndex create(
            Path file, int generation, TaskData<?> task, List<String> labels, Configuration hadoop) throws IOException {
        return new OfFile(file, generation, task, labels, hadoop);
    }

    /** Returns the folder of these files in a dataset's folder. */
    public static String folder() {
        return IndexSchema.ROWS;
    }

    /** Adds a row whose content is in the split by another row. */
    public abstract void addCopy(byte[] key, int split) throws IOException;

    /**
     * Adds a row with samples of its own.
     *
     * @param encoded row as its task encodes it
     */
    public abstract void add(byte[] key, int split, byte[] encoded, String stratum) throws IOException;

    /** Finishes the file and returns its length; empty if there is no file. */
    public abstract Optional<Long> finish() throws IOException;

    private static final class OfFile extends RangeIndex {
        private final Path file;
        private final int generation;
        private final TaskData<?> task;
        private final List<String> labels;
        private final Configuration hadoop;
        private final ParquetWriter<Group> writer;
        private boolean isFinished;

        OfFile(Path file, int generation, TaskData<?> task, List<String> labels, Configuration hadoop)
                throws IOException {
            this.file = file;
            this.generation = generation;
            this.task = task;
            this.labels = labels;
            this.hadoop = hadoop;
            this.writer = IndexSchema.create(file, IndexSchema.OF_ROWS, hadoop);
        }

        private Group row(byte[] key, int split) {
            Group row = new SimpleGroup(IndexSchema.OF_ROWS);
            row.add(IndexSchema.POSITION, Occurrence.position(key));
            row.add(IndexSchema.SECOND, RowKey.second(key));
            row.add(IndexSchema.GENERATION, generation);
            row.add(IndexSchema.FILE, Occurrence.file(key));
            row.add(IndexSchema.SPLIT, split);
            return row;
        }

        @Override
        public void addCopy(byte[] key, int split) throws IOException {
            writer.write(row(key, split));
        }

        @Override
        public void add(byte[] key, int split, byte[] encoded, String stratum) throws IOException {
            Group row = row(key, split);
            row.add(IndexSchema.PIECES, Binary.fromConstantByteArray(RowPieces.of(task, labels, encoded, stratum)));
            writer.write(row);
        }

        @Override
        public Optional<Long> finish() throws IOException {
            writer.close();
            isFinished = true;
            return Optional.of(
                    HadoopFiles.fileSystem(file, hadoop).getFileStatus(file).getLen());
        }

        @Override
        public void close() throws IOException {
            if (!isFinished) {
                writer.close();
                HadoopFiles.discard(HadoopFiles.fileSystem(file, hadoop), file);
            }
        }
    }
}
