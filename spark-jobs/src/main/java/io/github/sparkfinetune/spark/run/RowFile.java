package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Parquet file of rows. Its footer may say what the rows were made of, under the key {@value #MADE_OF}: a later
 * command that finds the file there compares that with what it would make the rows of.
 *
 * @param madeOf the text in the footer
 * @param bytes length of the file
 */
public record RowFile(Path path, String madeOf, long bytes) {
    private static final Logger LOG = LoggerFactory.getLogger(RowFile.class);
    private static final String MADE_OF = "spark-finetune.made-of";

    /** Writes a file of rows. */
    public static RowFile write(
            Path path, List<Column> columns, Iterator<Object[]> rows, String madeOf, Configuration hadoop) {
        Map<String, String> metadata = Map.of(MADE_OF, madeOf);
        long bytes = HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(path, hadoop),
                path,
                out -> RowWriter.write(out, columns, rows, metadata, hadoop));
        return new RowFile(path, madeOf, bytes);
    }

    /**
     * Writes a file of the rows of others.
     *
     * @throws java.io.UncheckedIOException if one of them is no longer what was written, or the file system fails
     */
    public static RowFile join(
            Path path, List<Column> columns, List<RowFile> pieces, String madeOf, Configuration hadoop) {
        Map<String, String> metadata = Map.of(MADE_OF, madeOf);
        long bytes = HadoopFiles.writeWhole(HadoopFiles.fileSystem(path, hadoop), path, out -> {
            List<Path> paths = new ArrayList<>();
            for (RowFile piece : pieces) {
                if (!isThere(piece.path(), piece.madeOf(), hadoop)) {
                    throw new IOException(piece.path() + " is not what was written: something else writes there too");
                }
                paths.add(piece.path());
            }
            RowWriter.join(out, columns, paths, metadata, hadoop);
        });
        return new RowFile(path, madeOf, bytes);
    }

    /** Reads the footer of a file; empty where there is no file, or none that was written whole. */
    public static Optional<RowFile> read(Path path, Configuration hadoop) throws IOException {
        try {
            HadoopInputFile file = HadoopInputFile.fromPath(path, hadoop);
            try (ParquetFileReader reader = ParquetFileReader.open(file)) {
                String madeOf = reader.getFileMetaData().getKeyValueMetaData().get(MADE_OF);
                return madeOf == null ? Optional.empty() : Optional.of(new RowFile(path, madeOf, file.getLength()));
            }
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (RuntimeException e) {
            // Parquet's way to say that a file has no footer.
            LOG.warn("{} is passed over: {}", path, e.getMessage());
            return Optional.empty();
        }
    }

    /** Returns whether a file is there that was made of these rows. */
    public static boolean isThere(Path path, String madeOf, Configuration hadoop) throws IOException {
        return read(path, hadoop).filter(file -> file.madeOf().equals(madeOf)).isPresent();
    }
}
