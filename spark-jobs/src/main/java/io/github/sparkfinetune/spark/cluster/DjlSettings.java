package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.data.tokenizer.Offline;
import java.nio.file.Files;
import java.nio.file.Path;

/** What DJL must find set before its first class loads, in the driver and in every executor. */
public final class DjlSettings {
    private DjlSettings() {}

    /**
     * Keeps DJL from calling home and from downloading, and gives it a folder of this machine for its natives where the
     * user has no home.
     */
    public static void apply() {
        Offline.ensure();
        boolean chosen = System.getenv("DJL_CACHE_DIR") != null || System.getProperty("DJL_CACHE_DIR") != null;
        if (!chosen && !Files.isWritable(Path.of(System.getProperty("user.home", "?")))) {
            System.setProperty("DJL_CACHE_DIR", System.getProperty("java.io.tmpdir"));
        }
    }
}
