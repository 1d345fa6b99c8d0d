package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Folder of rows as Parquet that Spark, pandas and other tools read as one dataset. Files are
 * {@code part-00000.parquet} and so on, one per partition, and the empty file {@code _SUCCESS} when all parts exist. A
 * part appears complete or not at all, whichever attempt writes it, and no file is moved between folders. So the parts
 * of an interrupted job can stay.
 */
public final class RowFolder {
    private static final String SUCCESS = "_SUCCESS";
    private static final Pattern PART = Pattern.compile("part-(\\d{5,})\\.parquet");
    /** Prefix of a file that {@link HadoopFiles#writeWhole} leaves when the process is killed. */
    private static final String UNFINISHED = ".part-";

    private final Path folder;
    private final RowType<?> type;
    private final Configuration hadoop;
    private final FileSystem files;

    public RowFolder(Path folder, RowType<?> type, Configuration hadoop) {
        this.folder = folder;
        this.type = type;
        this.hadoop = hadoop;
        this.files = HadoopFiles.fileSystem(folder, hadoop);
    }

    /** Returns whether all parts exist. */
    public boolean isFinished() throws IOException {
        return files.exists(new Path(folder, SUCCESS));
    }

    /** Returns the bytes of the existing parts, by number. */
    public Map<Integer, Long> parts() throws IOException {
        Map<Integer, Long> parts = new TreeMap<>();
        for (FileStatus file : list()) {
            Matcher part = PART.matcher(file.getPath().getName());
            if (part.matches()) {
                parts.put(Integer.parseInt(part.group(1)), file.getLen());
            }
        }
        return parts;
    }

    /** Returns the path of a part's file. */
    public static Path part(Path folder, int number) {
        return new Path(folder, String.format(Locale.ROOT, "part-%05d.parquet", number));
    }

    private FileStatus[] list() throws IOException {
        try {
            return files.listStatus(folder);
        } catch (FileNotFoundException e) {
            return new FileStatus[0];
        }
    }

    /**
     * Prepares the folder for new rows, which will replace the existing parts.
     *
     * @param parts number of parts that will be written
     * @param kept names of other files that stay
     */
    public void clear(int parts, Set<String> kept) throws IOException {
        HadoopFiles.discard(files, new Path(folder, SUCCESS));
        for (FileStatus file : list()) {
            String name = file.getPath().getName();
            Matcher part = PART.matcher(name);
            boolean replaced = part.matches() && Integer.parseInt(part.group(1)) < parts;
            if (!replaced && !kept.contains(name) && !name.equals(SUCCESS)) {
                HadoopFiles.delete(files, file.getPath());
            }
        }
    }

    /**
     * Writes partitions.
     *
     * @return numbers of the partitions, each computed by writing its part; count them to write all parts
     */
    public <R extends Record> JavaRDD<Integer> write(JavaRDD<R> rows) {
        return rows.mapPartitionsWithIndex(
                new Writing<>(folder.toString(), type, new SerializableConfiguration(hadoop)), false);
    }

    /** Marks the folder as finished. */
    public void finish() throws IOException {
        for (FileStatus file : list()) {
            if (file.getPath().getName().startsWith(UNFINISHED)) {
                HadoopFiles.discard(files, file.getPath());
            }
        }
        HadoopFiles.writeWhole(files, new Path(folder, SUCCESS), new byte[0]);
    }

    private record Writing<R extends Record>(String folder, RowType<?> type, SerializableConfiguration hadoop)
            implements Function2<Integer, Iterator<R>, Iterator<Integer>> {
        @Override
        public Iterator<Integer> call(Integer part, Iterator<R> rows) {
            Path file = part(new Path(folder), part);
            HadoopFiles.writeWhole(
                    HadoopFiles.fileSystem(file, hadoop.value()),
                    file,
                    out -> RowWriter.write(out, type, rows, Map.of(), hadoop.value()));
            return List.of(part).iterator();
        }
    }
}
