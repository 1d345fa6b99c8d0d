package io.github.sparkfinetune.spark.cluster;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import org.apache.spark.SparkEnv;

/** Spark's folders on the disks of an executor's machine. */
public final class LocalDirs {
    private LocalDirs() {}

    /**
     * One of the folders that {@code spark.local.dir} or the cluster's manager gives: of several the first by name, so
     * that all executors of a machine that have the same ones take the same.
     */
    public static Path first(SparkEnv env) {
        // Spark's blocks lie in a folder of their own in each.
        return Arrays.stream(env.blockManager().diskBlockManager().localDirsString())
                .map(blocks -> Path.of(blocks).getParent())
                .min(Comparator.naturalOrder())
                .orElseThrow();
    }
}
