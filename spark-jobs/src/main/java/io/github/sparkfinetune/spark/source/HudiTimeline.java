package io.github.sparkfinetune.spark.source;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Commits of a Hudi table. The table's timeline has one file per commit:
 * {@code .hoodie/timeline/BEGUN_COMPLETED.ACTION} since version 1, {@code .hoodie/BEGUN.ACTION} before.
 */
final class HudiTimeline {
    private static final List<String> FOLDERS = List.of(".hoodie/timeline", ".hoodie");
    private static final Pattern COMMIT = Pattern.compile("(\\d+)(?:_(\\d+))?\\.(?:commit|deltacommit|replacecommit)");

    private HudiTimeline() {}

    /**
     * Returns the time of the newest completed commit, in the form of {@code TIMESTAMP AS OF}; empty if there is no
     * commit.
     *
     * @param table folder of the table
     */
    static Optional<String> newest(Path table, Configuration hadoop) throws IOException {
        FileSystem files = table.getFileSystem(hadoop);
        for (String folder : FOLDERS) {
            Optional<String> newest = commits(files, new Path(table, folder)).max(Comparator.naturalOrder());
            if (newest.isPresent()) {
                return newest;
            }
        }
        return Optional.empty();
    }

    private static Stream<String> commits(FileSystem files, Path folder) throws IOException {
        try {
            return Stream.of(files.listStatus(folder))
                    .map(FileStatus::getPath)
                    .map(file -> COMMIT.matcher(file.getName()))
                    .filter(Matcher::matches)
                    .map(commit -> commit.group(2) == null ? commit.group(1) : commit.group(2));
        } catch (FileNotFoundException e) {
            // The folder belongs to another version of Hudi.
            return Stream.of();
        }
    }
}
