package io.github.sparkfinetune.data.files;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Folders that the runs of a process may name: the setting {@value #SETTING} of the file systems, with commas between
 * the folders. Whoever starts a server of Spark Connect sets it for all clients
 * ({@code spark.hadoop.finetune.allowed.roots}). Without the setting a run may name every path.
 *
 * <p>Only paths that somebody names are checked: keys of the configuration and options of commands. Tables of Spark's
 * catalog are the catalog's matter.
 */
public final class AllowedRoots {
    public static final String SETTING = "finetune.allowed.roots";

    /** Entry that allows models of the Hugging Face Hub. */
    private static final String HUB = "hub:";

    private AllowedRoots() {}

    /**
     * Refuses a path that lies below none of the folders. A path with {@code ..} is refused too: in a glob it may lead
     * out of a folder.
     *
     * @param path absolute URI
     * @throws RunException if the path is not allowed
     */
    public static void require(String key, Path path, Configuration hadoop) throws IOException {
        List<String> roots = roots(hadoop);
        if (roots.isEmpty()) {
            return;
        }
        boolean isBelow = false;
        for (String root : roots) {
            isBelow |= !root.equals(HUB) && isBelow(path, qualified(new Path(root), hadoop));
        }
        if (!isBelow || path.toString().contains("..")) {
            throw refused(key, path.toString(), roots);
        }
    }

    /**
     * Refuses a model of the Hugging Face Hub unless {@code hub:} is in the setting, because the token of the process
     * fetches it.
     *
     * @throws RunException if models of the Hub are not allowed
     */
    public static void requireHub(String model, Configuration hadoop) {
        List<String> roots = roots(hadoop);
        if (!roots.isEmpty() && !roots.contains(HUB)) {
            throw refused("model", model, roots);
        }
    }

    private static List<String> roots(Configuration hadoop) {
        return new ArrayList<>(hadoop.getTrimmedStringCollection(SETTING));
    }

    private static Path qualified(Path path, Configuration hadoop) throws IOException {
        FileSystem files = HadoopFiles.open(path, hadoop);
        return path.makeQualified(files.getUri(), files.getWorkingDirectory());
    }

    private static boolean isBelow(Path path, Path root) {
        return root.equals(path) || path.toString().startsWith(root.toString().replaceFirst("/*$", "/"));
    }

    private static RunException refused(String key, String path, List<String> roots) {
        return RunException.config(key + ": " + path + " is outside of the folders that this server allows ("
                + String.join(", ", roots) + "): use a path below one of them");
    }
}
