package io.github.sparkfinetune.spark.predict;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.predict.table.PredictionTable;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.RowFile;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.run.Settings;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.runtime.AbstractFunction1;

/**
 * Folder of a {@code predict}, which may be interrupted and started again. It is a {@link RowFolder} with an additional
 * file {@value #BEGUN}, which is written before the first part. This JSON file has the {@code settings} of the
 * prediction by key, and {@code tasks}, the smallest number of parts that was requested.
 *
 * <p>A part is done if its footer has the digest of the rows that this command would put into the part. If the source
 * is split into other partitions than before, as each session may do with a table, parts with other rows are predicted
 * again.
 */
final class PredictionFolder {
    private static final Logger LOG = LoggerFactory.getLogger(PredictionFolder.class);
    private static final String BEGUN = "_predict.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final Configuration hadoop;
    private final FileSystem files;
    private final RowFolder rows;
    private final Begun begun;
    private final boolean isNew;

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Begun(Map<String, String> settings, int tasks) {}

    private PredictionFolder(Path folder, Configuration hadoop, RowFolder rows, Begun begun, boolean isNew) {
        this.folder = folder;
        this.hadoop = hadoop;
        this.files = HadoopFiles.fileSystem(folder, hadoop);
        this.rows = rows;
        this.begun = begun;
        this.isNew = isNew;
    }

    /**
     * Opens the folder.
     *
     * @param settings everything that the predictions depend on
     * @param tasks smallest number of parts, unless an earlier command has begun with another number
     * @throws RunException if the folder holds other data, or was begun with other settings
     */
    static PredictionFolder open(
            Path folder, RowFolder rows, Configuration hadoop, Map<String, String> settings, int tasks)
            throws IOException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Begun begun = read(files, new Path(folder, BEGUN));
        if (begun == null) {
            Optional<String> other = other(files, folder);
            if (other.isPresent()) {
                throw RunException.config(
                        folder + " exists already (it holds " + other.get() + "): choose another output, or delete it");
            }
            return new PredictionFolder(folder, hadoop, rows, new Begun(settings, tasks), true);
        }
        List<String> differences = Settings.differences(begun.settings(), settings, key -> false);
        if (!differences.isEmpty() && rows.isFinished()) {
            throw existing(folder);
        }
        if (!differences.isEmpty()) {
            throw RunException.config(folder + " holds a part of other predictions (" + String.join(", ", differences)
                    + "): choose another output, delete it, or use the same settings to resume it");
        }
        return new PredictionFolder(folder, hadoop, rows, begun, false);
    }

    private static RunException existing(Path folder) {
        return RunException.config(folder + " exists already: choose another output, or delete it");
    }

    /** Returns the name of a file that no command writes at its beginning, or leaves of it; empty if there is none. */
    private static Optional<String> other(FileSystem files, Path folder) throws IOException {
        try {
            return Arrays.stream(files.listStatus(folder))
                    .map(entry -> entry.getPath().getName())
                    .filter(name -> !isLeftOf(BEGUN, name) && !isOfATable(name))
                    .findFirst();
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    /** Returns whether a name is that of an unfinished or checksum file of a file. */
    private static boolean isLeftOf(String file, String name) {
        return name.startsWith(".") && name.replaceFirst("^\\.+", "").startsWith(file);
    }

    private static boolean isOfATable(String name) {
        return name.equals(PredictionTable.MARK)
                || isLeftOf(PredictionTable.MARK, name)
                || Lease.isOf(name, Lease.COMMAND);
    }

    private static Begun read(FileSystem files, Path file) throws IOException {
        try {
            return JSON.readValue(HadoopFiles.readText(files, file), Begun.class);
        } catch (FileNotFoundException e) {
            return null;
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    file + " was not written by predict (" + e.getOriginalMessage() + "): delete the folder", e);
        }
    }

    /** Returns whether all parts exist. */
    boolean isFinished() throws IOException {
        return rows.isFinished();
    }

    /** Returns the smallest number of parts. */
    int tasks() {
        return begun.tasks();
    }

    /**
     * Begins or resumes the prediction.
     *
     * @param inputs rows of each part
     * @return the finished parts
     */
    List<PredictedPart> begin(JavaRDD<TaskInput> inputs) throws IOException {
        int parts = inputs.getNumPartitions();
        if (isNew) {
            HadoopFiles.writeWhole(
                    files,
                    new Path(folder, BEGUN),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(begun));
            return List.of();
        }
        rows.clear(parts, Set.of(BEGUN, PartTask.UNFINISHED, PredictionTable.MARK, Lease.COMMAND));
        Set<Integer> there = rows.parts().keySet();
        PartCheck check = new PartCheck(folder.toString(), new SerializableConfiguration(hadoop));
        List<PredictedPart> done = only(inputs.mapPartitionsWithIndex(check, false), there::contains)
                .collect();
        LOG.info(
                "{} of {} parts of {} exist already, {} with other rows are predicted again",
                done.size(),
                parts,
                folder,
                there.size() - done.size());
        return done;
    }

    /** Returns the RDD with only the partitions that are not done. */
    static <T> JavaRDD<T> missing(JavaRDD<T> parts, List<PredictedPart> done) {
        Set<Integer> numbers = done.stream().map(PredictedPart::number).collect(Collectors.toSet());
        return only(parts, number -> !numbers.contains(number));
    }

    /** Returns the RDD with only the chosen partitions. */
    static <T> JavaRDD<T> only(JavaRDD<T> parts, Predicate<Integer> chosen) {
        return new PartitionPruningRDD<>(parts.rdd(), new Chosen(chosen), parts.classTag()).toJavaRDD();
    }

    /** Only the driver calls it, but it is sent with the tasks. */
    private static final class Chosen extends AbstractFunction1<Object, Object> implements Serializable {
        private final transient Predicate<Integer> chosen;

        Chosen(Predicate<Integer> chosen) {
            this.chosen = chosen;
        }

        @Override
        public Object apply(Object part) {
            return chosen.test((Integer) part);
        }
    }

    /** Checks whether an existing part has the rows that this command would put into it. */
    private record PartCheck(String folder, SerializableConfiguration hadoop)
            implements Function2<Integer, Iterator<TaskInput>, Iterator<PredictedPart>> {
        @Override
        public Iterator<PredictedPart> call(Integer number, Iterator<TaskInput> inputs) throws IOException {
            Optional<RowFile> file = RowFile.read(RowFolder.part(new Path(folder), number), hadoop.value());
            if (file.isEmpty()) {
                return Collections.emptyIterator();
            }
            RowDigest digest = new RowDigest();
            inputs.forEachRemaining(digest::add);
            return file
                    .filter(there -> there.madeOf().equals(digest.toString()))
                    .map(there -> new PredictedPart(number, there.madeOf(), there.bytes()))
                    .stream()
                    .iterator();
        }
    }

    /**
     * Finishes the folder when all parts exist.
     *
     * @throws RunException if the files differ from those that this command found or wrote
     */
    void finish(List<PredictedPart> parts) throws IOException {
        Map<Integer, Long> there = rows.parts();
        for (PredictedPart part : parts) {
            Path file = RowFolder.part(folder, part.number());
            Long bytes = there.remove(part.number());
            if ((bytes == null || bytes != part.bytes()) && !RowFile.isThere(file, part.rows(), hadoop)) {
                throw other(file);
            }
        }
        if (!there.isEmpty()) {
            throw other(RowFolder.part(folder, there.keySet().iterator().next()));
        }
        HadoopFiles.discard(files, new Path(folder, PartTask.UNFINISHED));
        rows.finish();
    }

    private static RunException other(Path file) {
        return RunException.failed(
                file
                        + " was not written by this command: another command writes to the same folder; start the same"
                        + " command again when the other command has ended",
                null);
    }
}
