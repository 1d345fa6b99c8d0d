package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.Sha256;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * SHA-256 of the files of a group. Their text is that of {@code sha256sum}, sorted by name, as
 * {@link io.github.sparkfinetune.spark.run.ModelDigest} has it.
 *
 * @param group group of the files
 * @param hashes hash of each file, in the order of the group; {@value #MISSING} for a file that does not exist
 */
record FileHashes(FileGroup group, List<String> hashes) {
    static final String MISSING = "missing";

    private static final int MOST_TASKS = 10_000;

    /** Hashes the files of all groups in one Spark job, a task for each file. */
    static List<FileHashes> of(JavaSparkContext spark, List<FileGroup> groups) {
        List<String> paths = groups.stream()
                .flatMap(group -> group.files().stream())
                .map(FileGroup.Entry::path)
                .toList();
        List<String> hashes = paths.isEmpty() ? List.of() : hashes(spark, paths);
        List<FileHashes> all = new ArrayList<>();
        int first = 0;
        for (FileGroup group : groups) {
            int end = first + group.files().size();
            all.add(new FileHashes(group, List.copyOf(hashes.subList(first, end))));
            first = end;
        }
        return all;
    }

    private static List<String> hashes(JavaSparkContext spark, List<String> paths) {
        Broadcast<SerializableConfiguration> hadoop =
                spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
        try {
            return spark.parallelize(paths, Math.min(paths.size(), MOST_TASKS))
                    .map(path -> hash(new Path(path), hadoop.value().value()))
                    .collect();
        } finally {
            hadoop.destroy();
        }
    }

    private static String hash(Path path, Configuration hadoop) throws IOException {
        try {
            return Sha256.of(HadoopFiles.fileSystem(path, hadoop), path);
        } catch (FileNotFoundException e) {
            return MISSING;
        }
    }

    /**
     * Refuses a group of which a file is missing.
     *
     * @throws RunException that names the file
     */
    void requireAll() {
        int first = hashes.indexOf(MISSING);
        if (first >= 0) {
            throw RunException.data(group.files().get(first).path()
                    + " is missing: restore the file, or prepare and train the run again");
        }
    }

    /** Returns a line for each file in the format of {@code sha256sum}. */
    String text() {
        StringBuilder text = new StringBuilder();
        byName().forEach((name, hash) -> text.append(Sha256.line(hash, name)));
        return text.toString();
    }

    /** Returns the SHA-256 of the text. */
    String digest() {
        return Sha256.of(text().getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the hashes of existing files by name, sorted by name. */
    Map<String, String> byName() {
        Map<String, String> byName = new LinkedHashMap<>();
        for (int i = 0; i < hashes.size(); i++) {
            if (!hashes.get(i).equals(MISSING)) {
                byName.put(group.files().get(i).name(), hashes.get(i));
            }
        }
        return byName;
    }

    /** Reads the hashes by name from a text; lines of another format are left out. */
    static Map<String, String> parse(String text) {
        Map<String, String> byName = new LinkedHashMap<>();
        text.lines()
                .filter(line -> line.matches("[0-9a-f]{64}  .+"))
                .forEach(line -> byName.put(line.substring(66), line.substring(0, 64)));
        return byName;
    }
}
