package io.github.sparkfinetune.spark.prepare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The folder that a dataset is written to. It is marked before the first file, and finished by its manifest; only what
 * bears our mark is ever replaced.
 */
final class DatasetFolder {
    private static final String MARK = "_PREPARING";
    private static final String SHARD = "part-\\d{5}\\.parquet";

    private final Path path;
    private final Configuration hadoop;
    private final FileSystem files;

    DatasetFolder(Path path, Configuration hadoop) throws IOException {
        this.path = path;
        this.hadoop = hadoop;
        this.files = path.getFileSystem(hadoop);
    }

    /**
     * The finished dataset that is already here, if any.
     *
     * @throws RunException if it was made of other text or with other options
     */
    Optional<Manifest> finished(Task task, DatasetOptions options, List<Manifest.Source> sources) throws IOException {
        if (!Manifest.exists(path, hadoop)) {
            return Optional.empty();
        }
        Manifest manifest = Manifest.read(path, hadoop);
        String difference = difference(manifest, task, options, sources);
        if (difference != null) {
            throw RunException.config(path + " holds a dataset that was prepared with " + difference
                    + ": set data.dir to a new folder, or delete this one");
        }
        return Optional.of(manifest);
    }

    private static String difference(
            Manifest manifest, Task task, DatasetOptions options, List<Manifest.Source> sources) {
        if (manifest.task() != task) {
            return "task: " + manifest.task() + ", this run has " + task;
        }
        ObjectMapper mapper = new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
        String option = difference("data", mapper.valueToTree(manifest.options()), mapper.valueToTree(options));
        if (option != null) {
            return option;
        }
        if (!manifest.sources().equals(sources)) {
            return "other source files, or the files have changed since";
        }
        return null;
    }

    /** @param section of the configuration that the options are keys of */
    private static String difference(String section, JsonNode there, JsonNode here) {
        Set<String> names = new LinkedHashSet<>();
        here.fieldNames().forEachRemaining(names::add);
        there.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            JsonNode before = there.path(name);
            JsonNode now = here.path(name);
            if (before.isObject() && now.isObject()) {
                String inside = difference(section(section, name), before, now);
                if (inside != null) {
                    return inside;
                }
            } else if (!before.equals(now)) {
                return key(section, name) + ": " + shown(before) + ", this run has " + shown(now);
            }
        }
        return null;
    }

    /** Section of the configuration whose keys an option's own fields are. */
    private static String section(String section, String option) {
        return switch (option) {
            case "documents" -> section;
            case "question_answering" -> option;
            default -> section + "." + option;
        };
    }

    private static String key(String section, String option) {
        return (option.equals("problem_type") ? "classification" : section) + "." + option;
    }

    private static String shown(JsonNode option) {
        if (option.isMissingNode()) {
            return "none";
        }
        return option.isValueNode() ? option.asText() : option.isObject() ? "some" : option.toString();
    }

    /**
     * Makes the folder ready to be written: creates it, or clears what an interrupted run has left.
     *
     * @throws RunException if it cannot be written, or holds anything that is not ours
     */
    void begin() throws IOException {
        Path mark = new Path(path, MARK);
        try {
            if (files.exists(path)) {
                List<FileStatus> foreign = foreign();
                if (!foreign.isEmpty()) {
                    throw RunException.config(path + " is not empty and not a dataset (it holds "
                            + foreign.get(0).getPath().getName() + "): set data.dir to a new folder");
                }
                clear();
            }
            if (!files.mkdirs(path)) {
                throw new IOException("cannot create the folder");
            }
            files.create(mark, true).close();
        } catch (IOException e) {
            throw RunException.config("data.dir: cannot write to " + path + " (" + e.getMessage()
                    + "): set it to a folder that may be written");
        }
    }

    private List<FileStatus> foreign() throws IOException {
        if (!files.getFileStatus(path).isDirectory()) {
            return List.of(files.getFileStatus(path));
        }
        boolean marked = files.exists(new Path(path, MARK));
        List<FileStatus> foreign = new ArrayList<>();
        for (FileStatus entry : files.listStatus(path)) {
            String name = entry.getPath().getName();
            boolean ours = marked
                    && (name.equals(MARK)
                            || name.equals("_" + Manifest.FILE_NAME)
                            || name.equals(ShardWriter.ATTEMPTS)
                            || entry.isDirectory());
            if (!ours) {
                foreign.add(entry);
            } else if (entry.isDirectory() && !name.equals(ShardWriter.ATTEMPTS)) {
                foreign.addAll(strangers(entry));
            }
        }
        return foreign;
    }

    /** What is in a split's folder beside its shards. */
    private List<FileStatus> strangers(FileStatus split) throws IOException {
        return Arrays.stream(files.listStatus(split.getPath()))
                .filter(file -> !file.getPath().getName().matches(SHARD))
                .toList();
    }

    private void clear() throws IOException {
        for (FileStatus entry : files.listStatus(path)) {
            boolean attempts = entry.getPath().getName().equals(ShardWriter.ATTEMPTS);
            if (attempts || (entry.isDirectory() && strangers(entry).isEmpty())) {
                files.delete(entry.getPath(), true);
            }
        }
    }

    /** After a failure: takes away what was written, and the folder where nothing is left in it. */
    void abandon() throws IOException {
        clear();
        files.delete(new Path(path, MARK), false);
        if (files.listStatus(path).length == 0) {
            files.delete(path, false);
        }
    }

    /** Writes the manifest and takes the mark away. */
    void finish(Manifest manifest) throws IOException {
        files.delete(new Path(path, ShardWriter.ATTEMPTS), true);
        manifest.write(path, hadoop);
        files.delete(new Path(path, MARK), false);
    }
}
