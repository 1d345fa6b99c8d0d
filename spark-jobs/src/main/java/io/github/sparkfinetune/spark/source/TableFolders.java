package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folders of the table formats Delta, Iceberg and Hudi. Their files also hold rows that were deleted or replaced later.
 * Only the table's log records which rows are current.
 */
final class TableFolders {
    private static final String DELTA = "_delta_log";
    private static final String HUDI = ".hoodie";
    private static final String ICEBERG = "metadata";
    private static final String ICEBERG_FILE = ".metadata.json";

    private static final Logger LOG = LoggerFactory.getLogger(TableFolders.class);

    private TableFolders() {}

    /**
     * Refuses a source that contains a table or lies inside a table.
     *
     * @param key configuration key of the source
     * @param roots files and folders that the source's path names
     * @throws RunException if there is a table
     */
    static void refuse(String key, FileSystem system, List<FileStatus> roots) throws IOException {
        Set<Path> parents = new TreeSet<>();
        for (FileStatus root : roots) {
            for (Path parent = root.getPath().getParent(); parent != null; parent = parent.getParent()) {
                parents.add(parent);
            }
        }
        for (Path parent : parents) {
            try {
                refuseFolder(key, system, parent);
            } catch (AccessControlException | AccessDeniedException e) {
                LOG.debug(
                        "{} cannot be listed for lack of permission: it is treated as a folder without a table",
                        parent);
            }
        }
    }

    private static void refuseFolder(String key, FileSystem system, Path folder) throws IOException {
        if (system.exists(new Path(folder, DELTA))) {
            throw refused(key, folder, "Delta", DELTA);
        }
        if (system.exists(new Path(folder, HUDI))) {
            throw refused(key, folder, "Hudi", HUDI);
        }
        if (system.exists(new Path(folder, "data"))
                && system.exists(new Path(folder, ICEBERG))
                && system.listStatus(
                                        new Path(folder, ICEBERG),
                                        file -> file.getName().endsWith(ICEBERG_FILE))
                                .length
                        > 0) {
            throw refused(key, folder, "Iceberg", ICEBERG);
        }
    }

    /**
     * Refuses a source if one of its files belongs to the log of a table.
     *
     * @param file any file below a folder of the source
     */
    static void refuseLog(String key, FileSystem system, Path file) throws IOException {
        boolean isIceberg = file.getName().endsWith(ICEBERG_FILE);
        for (Path folder = file.getParent(); folder.getParent() != null; folder = folder.getParent()) {
            String name = folder.getName();
            if (name.equals(DELTA) || name.equals(HUDI) || (isIceberg && name.equals(ICEBERG))) {
                refuseFolder(key, system, folder.getParent());
            }
        }
    }

    private static RunException refused(String key, Path folder, String format, String log) {
        return RunException.config(key + ": " + folder + " is a table in the format of " + format + " (it has " + log
                + "), whose files hold deleted and replaced rows too: read it through Spark's catalog, as table:NAME"
                + (format.equals("Delta") ? " or table:delta.`" + folder + "`" : ""));
    }
}
