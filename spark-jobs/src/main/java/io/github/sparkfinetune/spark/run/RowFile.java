package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.files.HadoopFiles;
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
 * Parquet file of rows. The footer may record the inputs of the rows under the key {@value #MADE_OF}. A later command
 * that finds the file compares this entry with its own inputs.
 *
 * @param path path of the file
 * @param madeOf text in the footer
 * @param bytes length of the file
 */
public record RowFile(Path path, String madeOf, long bytes) {
    private static final Logger LOG = LoggerFactory.getLogger(RowFile.class);
    private static final String MADE_OF = "spark-finetune.made-of";

    /** Writes a file of rows. */
    public static RowFile write(Path path, RowType<?> type, Iterator<?> rows, String madeOf, Configuration hadoop) {
        Map<String, String> metadata = Map.of(MADE_OF, madeOf);
        long bytes = HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(path, hadoop), path, out -> RowWriter.write(out, type, rows, metadata, hadoop));
        return new RowFile(path, madeOf, bytes);
    }

    /**
     * Writes a file with the rows of other files.
     *
     * @throws java.io.UncheckedIOException if one of the files has changed since it was written, or the file system
     *     fails
     */
    public static RowFile join(Path path, RowType<?> type, List<RowFile> pieces, String madeOf, Configuration hadoop) {
        Map<String, String> metadata = Map.of(MADE_OF, madeOf);
        long bytes = HadoopFiles.writeWhole(HadoopFiles.fileSystem(path, hadoop), path, out -> {
            List<Path> paths = new ArrayList<>();
            for (RowFile piece : pieces) {
                if (!isThere(piece.path(), piece.madeOf(), hadoop)) {
                    throw new IOException(piece.path()
                            + " has changed since it was written: another process writes to the same folder");
                }
                paths.add(piece.path());
            }
            RowWriter.join(out, type, paths, metadata, hadoop);
        });
        return new RowFile(path, madeOf, bytes);
    }

    /** Reads the footer of a file. Returns empty if there is no file, or the file is incomplete. */
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
            // Parquet throws this for a file without a footer.
            LOG.warn("{} is ignored: {}", path, e.getMessage());
            return Optional.empty();
        }
    }

    /** Returns whether a file exists that was made of these inputs. */
    public static boolean isThere(Path path, String madeOf, Configuration hadoop) throws IOException {
        return read(path, hadoop).filter(file -> file.madeOf().equals(madeOf)).isPresent();
    }
}
