package io.github.sparkfinetune.spark.cluster;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import org.apache.spark.SparkEnv;

/** Spark's folders on the disks of an executor's machine. */
public final class LocalDirs {
    private LocalDirs() {}

    /**
     * Returns the first folder, by name, of those that {@code spark.local.dir} or the cluster manager sets. All
     * executors of a machine with the same folders therefore return the same folder.
     */
    public static Path first(SparkEnv env) {
        // Spark stores its blocks in a subfolder of each folder.
        return Arrays.stream(env.blockManager().diskBlockManager().localDirsString())
                .map(blocks -> Path.of(blocks).getParent())
                .min(Comparator.naturalOrder())
                .orElseThrow();
    }
}
